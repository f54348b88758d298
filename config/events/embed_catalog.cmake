# Writes OUTPUT, a C++ file with the text of CATALOG in it. Run by the build:
#   cmake -DCATALOG=... -DOUTPUT=... -P embed_catalog.cmake
file(READ ${CATALOG} text)
string(FIND "${text}" ")catalog\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${CATALOG}: has the end of a raw string in it")
endif()

# A compiler need not take a text longer than 64 KiB in one piece.
set(pieces "")
string(LENGTH "${text}" left)
set(place 0)
while(left GREATER 0)
  string(SUBSTRING "${text}" ${place} 8000 piece)
  string(LENGTH "${piece}" taken)
  string(APPEND pieces "\n    R\"catalog(${piece})catalog\"")
  math(EXPR place "${place} + ${taken}")
  math(EXPR left "${left} - ${taken}")
endwhile()

file(WRITE ${OUTPUT} "// Made by embed_catalog.cmake of catalog.yaml.
#include \"config/events/embedded_catalog.h\"

namespace tasker::config {

const std::string_view kEmbeddedCatalog =${pieces};

}  // namespace tasker::config
")
