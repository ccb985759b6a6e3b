#include "daemon/libraries.h"

#include <gnutls/gnutls.h>
#include <nghttp2/nghttp2.h>
#include <sodium.h>
#include <sqlite3.h>
#include <uv.h>

/* What runs, not what was compiled against. */
void
daemon_libraries(struct node_library list[DAEMON_LIBRARIES])
{
	list[0] = (struct node_library){"libsodium", sodium_version_string()};
	list[1] = (struct node_library){"gnutls", gnutls_check_version(NULL)};
	list[2] = (struct node_library){"sqlite", sqlite3_libversion()};
	list[3] = (struct node_library){"libuv", uv_version_string()};
	list[4] = (struct node_library){"nghttp2",
	    nghttp2_version(0)->version_str};
	list[5] = (struct node_library){NULL, NULL};
}
