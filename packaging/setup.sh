#!/bin/sh
# Install the Debian packages named in the given lists, those that are missing.
set -eu

missing=""
for list in "$@"; do
	while read -r package; do
		case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
		"install ok installed") ;;
		*) missing="$missing $package" ;;
		esac
	done < "$list"
done
[ -n "$missing" ] || exit 0

echo "setup: installing$missing"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: run this as root, or install sudo first" >&2
		exit 1
	fi
	as_root="sudo"
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
	--no-install-recommends $missing >/dev/null
echo "setup: done"
