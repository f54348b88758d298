"""Blocks are found where they are, and nowhere else."""

import pytest
from blocks import Block, blocks_below

DOCUMENT = """\
# Title

```python
above
```

## Wanted

Text.

```python
first = 1

# not a heading
```
### Below it
```go
package main
```

## Next

```ruby
after
```
"""


def test_blocks_of_a_section(tmp_path):
    (tmp_path / "x.md").write_text(DOCUMENT)
    assert blocks_below(tmp_path / "x.md", "## Wanted") == [
        Block("python", "first = 1\n\n# not a heading\n", 12), Block("go", "package main\n", 18)]


def test_a_heading_that_is_not_there_is_said_so(tmp_path):
    (tmp_path / "x.md").write_text(DOCUMENT)
    with pytest.raises(ValueError, match="x.md has no heading '## Missing'"):
        blocks_below(tmp_path / "x.md", "## Missing")
