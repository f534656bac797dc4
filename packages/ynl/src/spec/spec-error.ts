import { WireGuardError } from '@wgctrl/types'

/** Where something stands in a spec. */
export interface SpecPlace {
  readonly file: string
  /** From 1; absent: the spec as a whole. */
  readonly line?: number | undefined
  readonly column?: number | undefined
  /** Such as `attribute-sets[2].attributes[0].type`. */
  readonly path: string
}

/** A spec that is none, or one that contradicts itself. `code` is `EINVAL`; `path` and `line` say where. */
export class SpecError extends WireGuardError {
  override readonly name: string = 'SpecError'
  /** The file's name, as it was given. */
  readonly file: string
  /** From 1; absent: the spec as a whole. */
  declare readonly column?: number

  constructor(problem: string, { file, line, column, path }: SpecPlace) {
    const at = [file, line, column].filter((part) => part !== undefined).join(':')
    super(`${at}: ${path === '' ? '' : `${path}: `}${problem}`, { code: 'EINVAL', path, line })
    this.file = file
    if (column !== undefined) this.column = column
  }
}
