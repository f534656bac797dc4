/** What is used of the package `qr`. */
type Encode = (text: string, output: 'term' | 'svg', options: { ecc: 'low' | 'medium' }) => string

/**
 * A text as a QR code, of blocks for a terminal or as SVG.
 *
 * @throws {Error} in words for the user
 */
export async function qrCode(text: string, output: 'term' | 'svg'): Promise<string> {
  const encode = await loadEncoder()
  try {
    return encode(text, output, { ecc: 'low' })
  } catch (error) {
    throw new Error(`no QR code is large enough for ${text.length} characters`, { cause: error })
  }
}

async function loadEncoder(): Promise<Encode> {
  try {
    return (await import('qr')).default as Encode
  } catch (error) {
    throw new Error('QR codes need the package qr, which is not there: npm install --global qr', {
      cause: error,
    })
  }
}
