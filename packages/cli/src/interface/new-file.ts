import { type FileHandle, open as openFile, unlink } from 'node:fs/promises'

/** A file with secrets: its owner alone can read it, nothing is written over, and none is left behind empty. */
export class NewFile implements AsyncDisposable {
  readonly #path: string
  readonly #handle: FileHandle
  #isWritten = false

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  static async create(path: string): Promise<NewFile> {
    return new NewFile(path, await openFile(path, 'wx', 0o600))
  }

  async write(text: string): Promise<void> {
    await this.#handle.writeFile(text)
    await this.#handle.sync()
    this.#isWritten = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
    if (!this.#isWritten) await unlink(this.#path)
  }
}
