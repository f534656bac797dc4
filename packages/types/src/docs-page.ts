/**
 * The address of a page of our documentation, for what tells a user to read one: the packages come without it.
 *
 * @param page its name in docs/, such as `errors`
 * @internal
 */
export function docsPage(page: string): string {
  return `https://github.com/OWNER_TO_SET/wgctrl/blob/main/docs/${page}.md`
}
