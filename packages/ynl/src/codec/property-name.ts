/** A name of a spec as a property has it: `cidr-mask` is `cidrMask`. */
export const propertyName = (name: string): string =>
  name.replace(/^[-_]+/, '').replace(/[-_]+(.)/g, (_, letter: string) => letter.toUpperCase())
