// The skeletons of generated files, as they stand under templates/; built into the program.
#pragma once

#include <span>
#include <string_view>

namespace tasker::cli::generate {

// A text in the Mustache language. Its values: skeleton_values.h.
struct Skeleton {
  // Under templates/: `ruby/step_handler.rb.mustache`.
  std::string_view name;
  std::string_view text;
};

// All of them, by name.
std::span<const Skeleton> Skeletons();

// The text of the one called `name`. Precondition: there is one.
std::string_view SkeletonText(std::string_view name);

}  // namespace tasker::cli::generate
