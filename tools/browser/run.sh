#!/usr/bin/env bash
# Test the built book in headless Chromium; say so in one line where there is none. Node and npm come with .venv.
set -euo pipefail
cd "$(dirname "$0")/../.."
for word in "$@"; do
  find _build/html -name '*.html' 2>/dev/null | grep -F -- "$word" >/dev/null || {  # not -q: find would die of a closed pipe
    echo "usage: make test-browser ARGS=\"PAGE ...\", parts of names of pages; none is named $word" >&2; exit 2; }
done
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || true
  chromium=$(command -v chromium || true)
fi
if [ -z "$chromium" ]; then echo "browser test skipped: no Chromium (Debian: apt install chromium)"; exit 0; fi
python=$([ -e .venv-book/installed ] && echo .venv-book/bin/python || echo .venv/bin/python)
"$python" tools/npm/install.py --dev || { echo "browser test skipped: npm cannot fetch what it needs"; exit 0; }
read -r node modules < <("$python" -c "import sys; sys.path.insert(0, 'book/_ext'); import javascript as j; print(j.node(), j.PACKAGES)")
status=0
[ $# -gt 0 ] || "$node" tools/browser/laboratory.mjs _build/html "$modules" "$chromium" || status=1
"$node" tools/browser/check.mjs _build/html "$modules" "$chromium" "$@" || status=1
"$node" tools/browser/measure.mjs _build/html "$modules" "$chromium" "$@" || status=1
[ $# -gt 0 ] || "$node" tools/browser/firefox.mjs _build/html "$modules" || status=1
exit $status
