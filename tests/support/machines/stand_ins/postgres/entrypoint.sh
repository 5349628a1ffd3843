# What the official entrypoint does with the variables that compose.yaml gives it. Like that one it
# makes the database on a server that only the socket reaches, before the one that stays.
set -eu
set -- "$@" -c unix_socket_directories="$PGHOST"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA"
	# Split on purpose: several options.
	initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
		$POSTGRES_INITDB_ARGS
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses= -k $PGHOST" start
	createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
	pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*'
