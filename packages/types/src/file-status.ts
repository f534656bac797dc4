/**
 * The options of `lstatSync` and `fstatSync` wherever a socket or a pipe may be met.
 *
 * Node keeps the status that it read last in an array, and its module loader asks that array about the path it
 * resolves: after a socket or a pipe it leaves a link as it is when it knows the folder of the link, and a
 * program that pnpm installed cannot import its packages any more. A status in bigints has an array of its own.
 *
 * @source Node, lib/fs.js, realpathSync and isFileType
 */
export const KEPT_APART = { bigint: true } as const
