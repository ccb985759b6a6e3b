/* account_network.c: the network configuration of accounts. */
#include "codec/multiaddr.h"
#include "codec/protobuf.h"
#include "daemon/accounts/account_service.h"

#define FLAG(value) \
	BERTY__ACCOUNT__V1__NETWORK_CONFIG__FLAG__##value
#define DHT(value) \
	BERTY__ACCOUNT__V1__NETWORK_CONFIG__DHTFLAG__DHT##value
#define TOR(value) \
	BERTY__ACCOUNT__V1__NETWORK_CONFIG__TOR_FLAG__Tor##value

static char keyword_default[] = ":default:";
static char keyword_none[] = ":none:";
static char * default_list[] = {keyword_default};
static char * none_list[] = {keyword_none};

/* What a node does whose configuration says nothing.  Source: berty
 * go/pkg/bertyaccount/service_account.go. */
static ACCOUNT(NetworkConfig)
defaults(void)
{
	ACCOUNT(NetworkConfig) c = ACCOUNT_INIT(NETWORK_CONFIG);

	c.bootstrap = c.rendezvous = c.static_relay = default_list;
	c.n_bootstrap = c.n_rendezvous = c.n_static_relay = 1;
	c.dht = DHT(Client);
	c.bluetooth_le = c.apple_multipeer_connectivity = FLAG(Disabled);
	c.android_nearby = FLAG(Disabled);
	c.mdns = FLAG(Enabled);
	c.tor = TOR(Disabled);
	return (c);
}

static int
check_list(char ** list, size_t n, struct error * err)
{
	struct buffer address = {0};
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		if (strcmp(list[i], keyword_default) == 0 ||
		    (strcmp(list[i], keyword_none) == 0 && n == 1))
			continue;
		buffer_clear(&address);
		if (multiaddr_decode(&address, slice_text(list[i])) != 0)
			rc = error_set(err, ERR_INVALID_INPUT,
			    "'%.80s' is not an address", list[i]);
	}
	buffer_free(&address);
	return (rc);
}

static int
check_lists(const ACCOUNT(NetworkConfig) * c, struct error * err)
{
	int rc;

	if ((rc = check_list(c->bootstrap, c->n_bootstrap, err)) != 0 ||
	    (rc = check_list(c->rendezvous, c->n_rendezvous, err)) != 0)
		return (rc);
	return (check_list(c->static_relay, c->n_static_relay, err));
}

void
account_network_set(struct api_call * call)
{
	const ACCOUNT(NetworkConfigSet__Request) * request = call->request;
	ACCOUNT(NetworkConfigSet__Reply) reply =
	    ACCOUNT_INIT(NETWORK_CONFIG_SET__REPLY);
	const ACCOUNT(NetworkConfig) * c = request->config;
	struct accounts * a = call->user;
	struct error err = {0};
	int rc;

	if ((rc = account_id_check(request->account_id, &err)) == 0 &&
	    !account_folder_exists(a->root, request->account_id))
		rc = error_set(&err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "there is no account %s", request->account_id);
	if (rc == 0 && c == NULL)
		rc = error_set(&err, ERR_INVALID_INPUT,
		    "the configuration is missing");
	if (rc == 0)
		rc = check_lists(c, &err);
	if (rc == 0)
		rc = account_network_write(a->root, request->account_id, c,
		    &err);
	if (rc != 0)
		api_fail(call, &err);
	else
		api_answer(call, &reply);
}

void
account_network_get(struct api_call * call)
{
	const ACCOUNT(NetworkConfigGet__Request) * request = call->request;
	ACCOUNT(NetworkConfigGet__Reply) reply =
	    ACCOUNT_INIT(NETWORK_CONFIG_GET__REPLY);
	ACCOUNT(NetworkConfig) all = defaults();
	struct accounts * a = call->user;
	ACCOUNT(NetworkConfig) * own = NULL;

	if (account_id_check(request->account_id, NULL) == 0)
		own = account_network_read(a->root, request->account_id);
	reply.default_config = &all;
	reply.current_config = own != NULL ? own : &all;
	reply.custom_config_exists = own != NULL;
	api_answer(call, &reply);
	if (own != NULL)
		protobuf_free(own);
}

void
account_network_preset(struct api_call * call)
{
	const ACCOUNT(NetworkConfigGetPreset__Request) * request =
	    call->request;
	ACCOUNT(NetworkConfigGetPreset__Reply) reply =
	    ACCOUNT_INIT(NETWORK_CONFIG_GET_PRESET__REPLY);
	ACCOUNT(NetworkConfig) c = defaults();

	c.show_default_services = FLAG(Enabled);
	if (request->preset ==
	    BERTY__ACCOUNT__V1__NETWORK_CONFIG_PRESET__FullAnonymity) {
		c.bootstrap = c.rendezvous = c.static_relay = none_list;
		c.dht = DHT(Disabled);
		c.mdns = FLAG(Disabled);
		c.show_default_services = FLAG(Disabled);
	} else if (request->has_bluetooth_permission)
		c.bluetooth_le = FLAG(Enabled);
	reply.config = &c;
	api_answer(call, &reply);
}
