/** Where a command writes to. */
export interface Output {
  /**
   * Writes all of it before it returns; a command may end right behind it. Of a text nothing is left that a
   * terminal would obey but ends of lines and tabs.
   */
  write(text: string | Uint8Array): void
  /** The same as it is, with colours and the like: what others wrote went through `visible` before. */
  paint(text: string): void
  readonly isTTY: boolean
  /** The width of the terminal; `undefined` when it is none. */
  readonly columns: number | undefined
  /** The file descriptor behind it; `undefined` when there is none, as in tests. */
  readonly fd: number | undefined
}

/** Where a command reads from. */
export interface Input {
  /** All that comes until the end. The bytes belong to the caller, who wipes what is secret. */
  read(): Promise<Uint8Array>
  readonly isTTY: boolean
  /** A file, or /dev/null: what has an end of its own, while that of a pipe may be a program that failed. */
  readonly isSeekable: boolean
}

/** All that a command has of the world but devices and files: tests run commands with one of their own. */
export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970. */
  now(): number
}
