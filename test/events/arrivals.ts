import type { Client } from './stage.js'

/** So many at a time, each as soon as there is room. */
export async function pingAll(clients: readonly Client[], atOnce: number, seconds: number) {
  const times: (number | undefined)[] = []
  const queue = [...clients]
  const worker = async (): Promise<void> => {
    for (let client = queue.shift(); client; client = queue.shift()) {
      times[clients.indexOf(client)] = await client.ping(seconds)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return times
}
