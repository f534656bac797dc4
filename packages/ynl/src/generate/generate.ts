import { propertyName } from '../codec/property-name.js'
import type {
  AttributeSetSpec,
  CallSpec,
  DefinitionSpec,
  MessageSpec,
  OperationSpec,
  Spec,
} from '../spec/model.js'
import { docText } from './doc.js'
import { keyText, methodName, Names } from './names.js'
import { tableText } from './table.js'
import { hasValue, keysOf, ValueTypes } from './value-types.js'

/**
 * A module of TypeScript for a family: types of all that its spec describes, with what that says of each, and a class with
 * a method for each operation. It needs `@wgctrl/ynl/runtime` and `@wgctrl/netlink`, and no YAML.
 *
 * @param source what the module calls the file that it was made from
 */
export function generate(spec: Spec, source: string): string {
  return new Module(spec).text(source)
}

class Module {
  readonly #spec: Spec
  readonly #names = new Names()
  readonly #types: ValueTypes
  readonly #class: string

  constructor(spec: Spec) {
    this.#spec = spec
    // The first of a name has it as it is.
    this.#class = this.#names.type(spec.name, 'Family')
    for (const { type, name } of spec.definitions) {
      if (type !== 'const') this.#names.type(name, type === 'struct' ? 'Struct' : 'Enum')
    }
    for (const { name } of spec.attributeSets) this.#names.type(name, 'Set')
    this.#types = new ValueTypes(spec, this.#names)
  }

  text(source: string): string {
    const { definitions, attributeSets, operations } = this.#spec
    const messages = operations.flatMap((each) => this.#messages(each))
    const parts = [
      `// Made by wgctrl-ynl from ${source}: what is changed here is lost when it is made again.\n`,
      this.#imports(),
      ...definitions.map((each) => this.#definition(each)),
      ...attributeSets.map((each) => this.#set(each)),
      ...messages,
      this.#notifications(),
      this.#classText(),
      tableText(this.#spec),
    ]
    return parts.filter((part) => part !== '').join('\n')
  }

  #imports(): string {
    const names = ['type CallOptions', 'type DoOptions', 'type Dump', 'Family']
    const all = [...names, 'type FamilyOptions', 'type Notification', 'type Spec']
    const used = all.filter((name) => this.#uses(name.replace('type ', '')))
    const runtime = `import { ${used.join(', ')} } from '@wgctrl/ynl/runtime'\n`
    if (this.#spec.groups.length === 0) return runtime
    return `import type { MulticastEvents } from '@wgctrl/netlink'\n${runtime}`
  }

  #uses(name: string): boolean {
    const { operations, groups } = this.#spec
    if (name === 'Notification') return groups.length > 0 && this.#heard().length === 0
    if (name === 'DoOptions') return operations.some((each) => each.do)
    if (name === 'Dump') return operations.some((each) => each.dump)
    if (name === 'CallOptions') return groups.length > 0 || operations.some((each) => each.dump)
    return true
  }

  #definition(spec: DefinitionSpec): string {
    const doc = docText(spec.doc)
    if (spec.type === 'const') {
      const value = typeof spec.value === 'number' ? String(spec.value) : literal(spec.value)
      return `${doc}export const ${this.#names.constant(spec.name)} = ${value}\n`
    }
    if (spec.type === 'struct') {
      const members = spec.members.filter(({ type }) => type !== 'pad')
      const lines = members.map(
        (each) =>
          `${docText(each.doc, '  ')}  ${keyText(propertyName(each.name))}: ${this.#types.member(each)}\n`,
      )
      return `${doc}export interface ${this.#names.type(spec.name, 'Struct')} {\n${lines.join('')}}\n`
    }
    const name = this.#names.type(spec.name, 'Enum')
    const entries = spec.entries.map(
      (each) => `${docText(each.doc, '  ')}  | ${literal(each.name)}`,
    )
    return `${doc}export type ${name} =\n${entries.length > 0 ? entries.join('\n') : '  never'}\n`
  }

  #set({ name, doc, attributes }: AttributeSetSpec): string {
    const lines = attributes.filter(hasValue).map((each) => {
      const key = keyText(propertyName(each.name))
      return `${docText(each.doc, '  ')}  ${key}?: ${this.#types.attribute(each)} | undefined\n`
    })
    const type = this.#names.type(name, 'Set')
    return `${docText(doc)}export interface ${type} {\n${lines.join('')}}\n`
  }

  /** Names of the types of an operation's messages. */
  #messageName(operation: OperationSpec, kind: string): string {
    return this.#names.type(`${operation.name}-${kind}`, 'Message')
  }

  #messages(operation: OperationSpec): string[] {
    const { do: doing, dump, notification, name } = operation
    const ofCall = (call: CallSpec | undefined, mode: string): string[] => {
      if (!call) return []
      const request = this.#message(operation, call.request, true)
      const types = [[`${mode}-request`, `What ${name} takes.`, request]]
      if (call.reply) {
        types.push([
          `${mode}-reply`,
          `What ${name} answers.`,
          this.#message(operation, call.reply, false),
        ])
      }
      return types.map(
        ([kind = '', doc = '', text]) =>
          `${docText(doc)}export type ${this.#messageName(operation, kind)} = ${text}\n`,
      )
    }
    const heard = notification && this.#message(operation, notification, false)
    return [
      ...ofCall(doing, 'do'),
      ...ofCall(dump, 'dump'),
      ...(heard === undefined
        ? []
        : [
            `${docText(operation.doc)}export type ${this.#messageName(operation, 'message')} = ${heard}\n`,
          ]),
    ]
  }

  #message(operation: OperationSpec, { attributes }: MessageSpec, isRequest: boolean): string {
    const set = this.#spec.attributeSets.find(({ name }) => name === operation.attributeSet)
    const there = set?.attributes.filter((each) => hasValue(each) && attributes.includes(each.name))
    const picked = there?.map(({ name }) => literal(propertyName(name))).join(' | ')
    const attributesType =
      set && picked
        ? { type: `Pick<${this.#names.type(set.name, 'Set')}, ${picked}>`, keys: keysOf(set) }
        : undefined
    return this.#types.message(attributesType, operation.fixedHeader, isRequest)
  }

  #notifications(): string {
    const heard = this.#heard()
    if (heard.length === 0) return ''
    const kinds = heard.map(
      (each) =>
        `  | { readonly type: 'message'; readonly name: ${literal(each.name)}; readonly message: ${this.#messageName(each, 'message')} }`,
    )
    const lost = "  | { readonly type: 'lost' }"
    const doc = docText('What is heard; `lost`: messages came faster than they were read.')
    return `${doc}export type ${this.#class}Event =\n${[...kinds, lost].join('\n')}\n`
  }

  #heard(): OperationSpec[] {
    const { operations, groups } = this.#spec
    return groups.length === 0 ? [] : operations.filter((each) => each.notification)
  }

  #classText(): string {
    const methods = this.#spec.operations.flatMap((each) => this.#methods(each))
    const doc = this.#spec.doc ?? `The family ${this.#spec.name}.`
    const name = this.#class
    return `${docText(doc)}export class ${name} {
  /** What the calls go through. */
  readonly family: Family

  private constructor(family: Family) {
    this.family = family
  }

  /** @throws {NetlinkError} ENOENT when the kernel has no such family */
  static async open(options?: FamilyOptions): Promise<${name}> {
    return new ${name}(await Family.open(SPEC, options))
  }

${[...methods, this.#subscribeText()].filter((each) => each !== '').join('\n')}
  /** Lets go of its sockets; what is in flight settles first. */
  async close(): Promise<void> {
    await this.family.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
`
  }

  #methods(operation: OperationSpec): string[] {
    const { do: doing, dump, name, doc } = operation
    const methods: string[] = []
    const type = (kind: string) => this.#messageName(operation, kind)
    if (doing) {
      const reply = doing.reply ? `${type('do-reply')} | undefined` : 'void'
      const call = `this.family.do${doing.reply ? `<${type('do-reply')}>` : ''}(${literal(name)}, request, options)`
      methods.push(`${docText(doc, '  ')}  async ${methodName(name)}(request: ${type('do-request')} = {}, options?: DoOptions): Promise<${reply}> {
    ${doing.reply ? 'return ' : ''}await ${call}
  }
`)
    }
    if (dump) {
      const reply = dump.reply ? type('dump-reply') : 'Record<string, never>'
      methods.push(`${docText(doc, '  ')}  ${methodName(name, doing ? 'Dump' : '')}(request: ${type('dump-request')} = {}, options?: CallOptions): Dump<${reply}> {
    return this.family.dump<${reply}>(${literal(name)}, request, options)
  }
`)
    }
    return methods
  }

  #subscribeText(): string {
    if (this.#spec.groups.length === 0) return ''
    const groups = this.#spec.groups.map((group) => literal(group.name)).join(' | ')
    const event = this.#heard().length > 0 ? `${this.#class}Event` : 'Notification'
    return `  /** Listens to multicast groups, until the loop is left or the signal fires. */
  async subscribe(groups: readonly (${groups})[], options?: CallOptions): Promise<MulticastEvents<${event}>> {
    return await this.family.subscribe<${event}>(groups, options)
  }
`
  }
}

const literal = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
