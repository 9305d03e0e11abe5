# Sourced by scripts from the project's root: where tools are found, and which browser. CHROMIUM and CHROMEDRIVER may be given.
export PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$HOME/.cargo/bin:$PATH"
[ -d /usr/local/go/bin ] && export PATH="$PATH:/usr/local/go/bin"
export PYTHONPATH="$PWD/.tools/python${PYTHONPATH:+:$PYTHONPATH}"
find_first() { for name in "$@"; do command -v "$name" && return; done; true; }
export CHROMIUM=${CHROMIUM:-$(find_first chromium chromium-browser google-chrome-stable google-chrome)}
export CHROMEDRIVER=${CHROMEDRIVER:-$(find_first chromedriver)}
