#include "daemon/libraries.h"

#include <nghttp2/nghttp2.h>
#include <uv.h>

/* What runs, not what was compiled against. */
void
daemon_libraries(struct node_library list[DAEMON_LIBRARIES])
{
	list[0] = (struct node_library){"libuv", uv_version_string()};
	list[1] = (struct node_library){"nghttp2",
	    nghttp2_version(0)->version_str};
	list[2] = (struct node_library){NULL, NULL};
}
