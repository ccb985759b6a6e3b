/* replica_postgres_library.c: libpq's functions, found when it is used. */
#include "world/os/os_library.h"
#include "world/replica/replica_postgres_impl.h"

#define FUNCTIONS(X, V) \
	X(PGconn *, PQconnectStart, (const char * url), (url)) \
	X(PostgresPollingStatusType, PQconnectPoll, (PGconn * c), (c)) \
	X(PGconn *, PQconnectdb, (const char * url), (url)) \
	V(void, PQfinish, (PGconn * c), (c)) \
	X(PQconninfoOption *, PQconninfoParse, (const char * url, \
	    char ** why), (url, why)) \
	V(void, PQconninfoFree, (PQconninfoOption * o), (o)) \
	X(ConnStatusType, PQstatus, (const PGconn * c), (c)) \
	X(PGTransactionStatusType, PQtransactionStatus, (const PGconn * c), \
	    (c)) \
	X(char *, PQerrorMessage, (const PGconn * c), (c)) \
	X(int, PQsocket, (const PGconn * c), (c)) \
	X(PGresult *, PQexec, (PGconn * c, const char * sql), (c, sql)) \
	X(int, PQsendPrepare, (PGconn * c, const char * name, \
	    const char * sql, int n, const Oid * types), \
	    (c, name, sql, n, types)) \
	X(int, PQsendQueryPrepared, (PGconn * c, const char * name, int n, \
	    const char * const * values, const int * lengths, \
	    const int * formats, int format), \
	    (c, name, n, values, lengths, formats, format)) \
	X(PGresult *, PQgetResult, (PGconn * c), (c)) \
	X(int, PQisBusy, (PGconn * c), (c)) \
	X(int, PQconsumeInput, (PGconn * c), (c)) \
	X(int, PQenterPipelineMode, (PGconn * c), (c)) \
	X(int, PQpipelineSync, (PGconn * c), (c)) \
	X(int, PQsetnonblocking, (PGconn * c, int on), (c, on)) \
	X(int, PQflush, (PGconn * c), (c)) \
	X(ExecStatusType, PQresultStatus, (const PGresult * r), (r)) \
	X(char *, PQresultErrorField, (const PGresult * r, int field), \
	    (r, field)) \
	X(int, PQntuples, (const PGresult * r), (r)) \
	X(char *, PQcmdStatus, (PGresult * r), (r)) \
	X(char *, PQcmdTuples, (PGresult * r), (r)) \
	X(char *, PQgetvalue, (const PGresult * r, int row, int column), \
	    (r, row, column)) \
	X(int, PQgetlength, (const PGresult * r, int row, int column), \
	    (r, row, column)) \
	X(int, PQgetisnull, (const PGresult * r, int row, int column), \
	    (r, row, column)) \
	V(void, PQclear, (PGresult * r), (r))

OS_LIBRARY(pg_library, BERTY_LIBPQ, FUNCTIONS)

#define CALL(type, function, parameters, arguments) \
	type \
	function parameters \
	{ \
		return (((type (*) parameters) \
		    pg_library_functions[function##_at]) arguments); \
	}
#define CALL_VOID(type, function, parameters, arguments) \
	void \
	function parameters \
	{ \
		((void (*) parameters) \
		    pg_library_functions[function##_at]) arguments; \
	}

FUNCTIONS(CALL, CALL_VOID)
