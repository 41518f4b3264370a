#!/usr/bin/env bash
# Fetch the two npm packages that the browser test needs, then run it; say so in one line where there is no browser.
set -euo pipefail
cd "$(dirname "$0")/../.."
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || true
  chromium=$(command -v chromium || true)
fi
if [ -z "$chromium" ]; then echo "browser test skipped: no Chromium (Debian: apt install chromium)"; exit 0; fi
if ! command -v npm >/dev/null; then echo "browser test skipped: no npm (Debian: apt install npm)"; exit 0; fi
modules=_build/browser
if [ ! -e $modules/node_modules/axe-core ] || [ ! -e $modules/node_modules/puppeteer-core ]; then
  mkdir -p $modules
  npm install --silent --no-audit --no-fund --no-save --prefix $modules puppeteer-core@25.16.0 axe-core@4.14.1 ||
    { echo "browser test skipped: npm cannot reach its registry"; exit 0; }
fi
[ $# -gt 0 ] || node tools/browser/laboratory.mjs _build/html $modules "$chromium"
node tools/browser/check.mjs _build/html $modules "$chromium" "$@"
