/* p2p_public.h: what the files of the public host share. */
#ifndef BERTY_PUBLIC_P2P_P2P_PUBLIC_H
#define BERTY_PUBLIC_P2P_P2P_PUBLIC_H

#include "base/error_public.h"
#include "base/map.h"
#include "berty/p2p.h"
#include "p2p/host.h"

struct berty_p2p {
	struct berty_p2p_config config;
	struct berty_logger host_log;
	struct logger log;
	struct world * world;
	bool supplied;
	struct host * host;
	struct host_watcher watcher;
	struct world_timer deadline;
	bool endless;             /* it is no end: run on */
	struct map streams;
	berty_stream last;
	struct list served;
	char id[BERTY_P2P_PEER_SIZE];
};

/* p2p_public_stream.c */
void p2p_streams_free(struct berty_p2p * p);

#endif /* !BERTY_PUBLIC_P2P_P2P_PUBLIC_H */
