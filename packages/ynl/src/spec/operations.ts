import { docOf } from './definitions.js'
import type { AttributeSetSpec, CallSpec, MessageSpec, OperationSpec } from './model.js'
import type { Place } from './place.js'

/** Numbers of a message towards the kernel and from it. */
interface Numbers {
  request?: number
  reply?: number
}

/**
 * The operations and notifications of a spec, in its order, with their numbers. Of the names in their messages those
 * are left out that are members of the header, or that the set does not have: specs of older kernels name a few.
 */
export function readOperations(spec: Place, sets: readonly AttributeSetSpec[]): OperationSpec[] {
  const place = spec.required('operations')
  const model = place.field('enum-model')?.oneOf(['unified', 'directional']) ?? 'unified'
  const numbers = model === 'unified' ? unifiedNumbers() : directionalNumbers()
  const header = place.field('fixed-header')?.text()
  const named = new Map<string, Place>()
  for (const each of place.required('list').items()) {
    const name = each.required('name').text()
    if (named.has(name)) throw each.fault(`${name} is there twice`)
    named.set(name, each)
  }
  return Array.from(named.values(), (each) => {
    const notify = each.field('notify')
    const template = notify && named.get(notify.text())
    if (notify && !template) throw notify.fault(`there is no operation ${notify.text()}`)
    const operation = readOperation(each, numbers(each), header, template)
    return withKnownNames(operation, sets)
  })
}

/** All messages are counted by one enum. */
function unifiedNumbers(): (place: Place) => Numbers {
  let next = 1
  return (place) => {
    const value = place.field('value')?.number() ?? next
    next = value + 1
    if (isNotification(place)) return { reply: value }
    return { request: value, reply: value }
  }
}

/** What goes to the kernel and what comes from it are counted apart. */
function directionalNumbers(): (place: Place) => Numbers {
  let nextRequest = 1
  let nextReply = 1
  return (place) => {
    if (isNotification(place)) {
      const reply = place.field('value')?.number() ?? nextReply
      nextReply = reply + 1
      return { reply }
    }
    const mode = place.field('do') ?? place.field('dump')
    if (!mode) throw place.fault('needs one of do, dump, notify and event')
    // 0 is no number of its own in either list: as the kernel's own reader has it.
    const request = mode.field('request')?.field('value')?.number() || nextRequest
    const answer = mode.field('reply')
    const reply = answer?.field('value')?.number() || nextReply
    nextRequest = request + 1
    nextReply = answer ? reply + 1 : reply
    return answer ? { request, reply } : { request }
  }
}

const isNotification = (place: Place): boolean =>
  place.field('notify') !== undefined || place.field('event') !== undefined

/** @param template the operation whose reply a notification looks like */
function readOperation(
  place: Place,
  numbers: Numbers,
  familyHeader: string | undefined,
  template: Place | undefined,
): OperationSpec {
  const own = (key: string) => (place.field(key) ?? template?.field(key))?.text()
  const attributeSet = own('attribute-set')
  const [doing, dumping] = (['do', 'dump'] as const).map((mode) => readCall(place.field(mode)))
  const event = place.field('event')
  const notification = event ? readMessage(event) : template && replyOf(template)
  if ((doing || dumping || notification) && attributeSet === undefined) {
    throw place.fault('attribute-set is missing')
  }
  const fixedHeader = own('fixed-header') ?? familyHeader
  const group = place.field('mcgrp')?.text()
  const flags = place.list('flags').map((flag) => flag.text())
  return {
    name: place.required('name').text(),
    ...docOf(place),
    ...numbers,
    ...(attributeSet !== undefined && { attributeSet }),
    ...(fixedHeader !== undefined && { fixedHeader }),
    ...(doing && { do: doing }),
    ...(dumping && { dump: dumping }),
    ...(notification && { notification }),
    ...(group !== undefined && { group }),
    ...(flags.some((flag) => flag.endsWith('admin-perm')) && { isPrivileged: true }),
  }
}

function replyOf(template: Place): MessageSpec {
  const modes = (['do', 'dump'] as const).map((mode) => template.field(mode)?.field('reply'))
  const reply = modes.find((mode) => mode !== undefined)
  return reply ? readMessage(reply) : { attributes: [] }
}

function readCall(place: Place | undefined): CallSpec | undefined {
  if (!place) return undefined
  const [request, reply] = (['request', 'reply'] as const).map((key) => place.field(key))
  return {
    request: request ? readMessage(request) : { attributes: [] },
    ...(reply && { reply: readMessage(reply) }),
  }
}

function readMessage(place: Place): MessageSpec {
  return { attributes: place.list('attributes').map((each) => each.text()) }
}

function withKnownNames(
  operation: OperationSpec,
  sets: readonly AttributeSetSpec[],
): OperationSpec {
  const set = sets.find(({ name }) => name === operation.attributeSet)
  const known = new Set(set?.attributes.map(({ name }) => name))
  const message = ({ attributes }: MessageSpec): MessageSpec => ({
    attributes: attributes.filter((name) => known.has(name)),
  })
  const call = ({ request, reply }: CallSpec): CallSpec => ({
    request: message(request),
    ...(reply && { reply: message(reply) }),
  })
  const { do: doing, dump, notification } = operation
  return {
    ...operation,
    ...(doing && { do: call(doing) }),
    ...(dump && { dump: call(dump) }),
    ...(notification && { notification: message(notification) }),
  }
}
