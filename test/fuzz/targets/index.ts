import { address } from './address.js'
import { configFile } from './config-file.js'
import { dbusMessage } from './dbus-message.js'
import { deviceConfig } from './device-config.js'
import { endpoint } from './endpoint.js'
import { initiation } from './initiation.js'
import { kernelDevice } from './kernel-device.js'
import { key } from './key.js'
import { netlinkAttributes } from './netlink-attributes.js'
import { netlinkMessage } from './netlink-message.js'
import { netlinkRoute } from './netlink-route.js'
import { remoteMessage } from './remote-message.js'
import { uapiReply } from './uapi-reply.js'

export const targets = [
  netlinkMessage,
  netlinkAttributes,
  netlinkRoute,
  kernelDevice,
  remoteMessage,
  uapiReply,
  dbusMessage,
  configFile,
  deviceConfig,
  key,
  address,
  endpoint,
  initiation,
]
