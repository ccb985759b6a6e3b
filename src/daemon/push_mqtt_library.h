/* push_mqtt_library.h: libmosquitto, loaded when a broker is named. */
#ifndef BERTY_DAEMON_PUSH_MQTT_LIBRARY_H
#define BERTY_DAEMON_PUSH_MQTT_LIBRARY_H

#include <mosquitto.h>

#include "base/error.h"

/* 0 or -ERR_INTERNAL with err. */
int push_mqtt_library(struct error * err);

#endif /* !BERTY_DAEMON_PUSH_MQTT_LIBRARY_H */
