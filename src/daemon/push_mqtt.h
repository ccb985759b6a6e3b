/*
 * push_mqtt.h: wakes devices that listen to a broker of MQTT: the token is a
 * topic, to which the payload is published (QoS 1).  libmosquitto does it, on a
 * thread of its own.  Source: MQTT 3.1.1.
 */
#ifndef BERTY_DAEMON_PUSH_MQTT_H
#define BERTY_DAEMON_PUSH_MQTT_H

#include "services/push_provider.h"
#include "world/world.h"

/* The longest topic without its prefix, bytes. */
#define PUSH_MQTT_TOPIC_MAX 512

/*
 * From "BUNDLE=mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]", for the loop
 * of a world_os.  ca_file: PEM, or NULL for the system's.  It connects by
 * itself, and again; errands wait for that.  -ERR_PUSH_INVALID_SERVER_CONFIG.
 */
int push_mqtt_new(struct push_provider ** provider, struct world * world,
    const char * where, const char * ca_file, struct error * err);

#endif /* !BERTY_DAEMON_PUSH_MQTT_H */
