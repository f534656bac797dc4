import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'yellow' | 'inverse'

export const styled = (
  text: string,
  style: Style,
  { hasColor }: { readonly hasColor: boolean },
): string => (hasColor && text !== '' ? styleText(style, text, { validateStream: false }) : text)

/** The text as far as there is room for it. */
export const cut = (text: string, width: number): string => [...text].slice(0, width).join('')
