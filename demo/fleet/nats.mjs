import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { inPlace, makePlace } from './places.mjs'

const PORT = 4222

/** A nats-server that keeps what it has in a folder, and can be killed. */
export class Nats {
  #place = makePlace('nats')
  #folder
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder
  }

  get servers() {
    return `${this.#place.address}:${PORT}`
  }

  start() {
    const args = ['-a', this.#place.address, '-p', `${PORT}`, '-js', '-sd', this.#folder]
    const command = inPlace(this.#place, 'nats-server', ...args)
    this.#child = spawn(...command, { stdio: 'ignore' })
  }

  async kill() {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  /** A connection of our own, as that of whoever manages the clients. */
  async connect() {
    for (;;) {
      try {
        const forever = { maxReconnectAttempts: -1, reconnectTimeWait: 100 }
        return await connect({ servers: this.servers, timeout: 1000, ...forever })
      } catch {
        await sleep(100)
      }
    }
  }
}

/** @param {import('@nats-io/transport-node').NatsConnection} connection */
export const buckets = (connection) => new Kvm(jetstream(connection))

/** The key of a client in a bucket. @param {string} publicKey */
export const keyOf = (publicKey) => Buffer.from(publicKey, 'base64').toString('base64url')
