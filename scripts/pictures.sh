#!/bin/sh
# Makes the README's pictures from the running product: docs/images/{widget,console}.png.
# Every page of the product in every size and colour is left in target/pictures to look at.
set -eu
cd "$(dirname "$0")/.."
folder="$PWD/target/pictures"
rm -rf "$folder"
cargo xtask wasm
FRONTDESK_PICTURES="$folder" cargo test --package frontdesk --test it -- pictures::
mkdir -p docs/images
cp "$folder/widget-thread-desktop-light.png" docs/images/widget.png
cp "$folder/console-thread-desktop-light.png" docs/images/console.png
echo "docs/images renewed; all pictures are in target/pictures"
