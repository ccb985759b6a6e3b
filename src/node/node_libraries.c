/* node_libraries.c: the versions of the libraries that run. */
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <sqlite3.h>

#include "node/node_impl.h"

/* What every node stands on; the config names the rest. */
bool
node_each_library(struct node * n, size_t * at, struct node_library * library)
{
	const struct node_library own[] = {
		{"libsodium", sodium_version_string()},
		{"gnutls", gnutls_check_version(NULL)},
		{"sqlite", sqlite3_libversion()},
	};
	const size_t owned = sizeof(own) / sizeof(own[0]);
	size_t i = (*at)++;

	if (i < owned) {
		*library = own[i];
		return (true);
	}
	if (n->libraries == NULL || n->libraries[i - owned].name == NULL) {
		*at = i;
		return (false);
	}
	*library = n->libraries[i - owned];
	return (true);
}
