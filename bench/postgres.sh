#!/bin/sh
# postgres.sh start|stop FOLDER [N]: a PostgreSQL of its own in an empty folder,
# behind a socket in it, with N databases bench0, bench1, …
set -eu
folder=$2
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)

# It refuses to be root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres \
			--clear-groups -- "$@")
	else
		"$@"
	fi
}

case $1 in
start)
	chmod 755 "$folder"
	[ "$(id -u)" != 0 ] || chown postgres:postgres "$folder"
	as_user "$programs/initdb" -D "$folder/data" -U postgres -A trust \
		>/dev/null
	as_user "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
		-o "-k $folder -c listen_addresses=" start >/dev/null
	i=0
	while [ "$i" -lt "$3" ]; do
		as_user "$programs/createdb" -h "$folder" -U postgres "bench$i"
		i=$((i + 1))
	done
	;;
stop)
	[ ! -d "$folder/data" ] || as_user "$programs/pg_ctl" \
		-D "$folder/data" -m fast stop >/dev/null
	;;
esac
