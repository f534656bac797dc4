import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Judgement } from './judge.js'

/** What wg-quick(8) makes of the cases of a kind, by their titles. */
export type Kept = Record<string, Judgement>

/** The version of wireguard-tools that made what is kept. */
export const VERSION = 'v1.0.20260223'

/** Whether what is kept is made anew: `WGCTRL_CORPUS=keep`. */
export const isKeeping: boolean = process.env.WGCTRL_CORPUS === 'keep'

const pathOf = (kind: string): string =>
  fileURLToPath(new URL(`expected/${kind}.json`, import.meta.url))

export async function readKept(kind: string): Promise<Kept> {
  return JSON.parse(await readFile(pathOf(kind), 'utf8'))
}

export async function writeKept(kind: string, kept: Kept): Promise<void> {
  await writeFile(pathOf(kind), `${JSON.stringify(kept, null, 1)}\n`)
}
