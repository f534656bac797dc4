import { Converter } from 'typedoc'

/**
 * A plugin of TypeDoc: names each page of docs/ by its heading, where its file name would stand.
 *
 * @param {import('typedoc').Application} app
 */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const [part] = page.content
    const [heading, title] = /^# (.+)\n/m.exec(part?.text ?? '') ?? []
    if (!part || !heading || !title) return
    page.name = title.replaceAll('`', '')
    part.text = part.text.replace(heading, '')
  })
}
