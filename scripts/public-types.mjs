import { relative, sep } from 'node:path'
import ts from 'typescript'
import { readPackages, root } from './packages.mjs'

/**
 * What somebody who reads the declarations of the packages would miss: types of ours that stand in a signature and
 * that nobody can import from there, and exports without a word about them.
 *
 * @returns {{ hidden: string[], undocumented: string[] }} a line for each, with where it was seen first
 */
export function missingInDeclarations() {
  const packages = readPackages()
  const found = packages.flatMap((each) => {
    const entries = entriesOf(each)
    // Who takes the facade does without the packages below it; who takes one of those has what it is made of.
    const below =
      each.name === FACADE ? [] : packages.filter(({ name }) => each.needs.includes(name))
    return entries.length > 0 ? missingIn(each.name, entries, below.flatMap(entriesOf)) : []
  })
  return {
    hidden: found.flatMap(({ hidden }) => hidden),
    undocumented: [...new Set(found.flatMap(({ undocumented }) => undocumented))],
  }
}

const FACADE = 'wgctrl'

/**
 * The declarations of a package's entry points.
 *
 * @param {import('./packages.mjs').Package} each
 */
function entriesOf({ directory, manifest }) {
  const conditions = Object.values(manifest.exports).filter((entry) => typeof entry === 'object')
  return conditions.map((entry) => `${directory}/${entry.import.types}`.replace('/./', '/'))
}

/**
 * @param {string} name of the package
 * @param {string[]} entries paths of declarations
 * @param {string[]} below those of packages that it depends on
 */
function missingIn(name, entries, below) {
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    typeRoots: [`${root}node_modules/@types`],
    skipLibCheck: true,
    noEmit: true,
  }
  const program = ts.createProgram([...entries, ...below], options)
  const named = (/** @type {string} */ line) => `${name}: ${line}`
  return {
    hidden: hiddenFrom(program, entries, below).map(named),
    undocumented: undocumentedIn(program, entries),
  }
}

/**
 * @param {ts.Program} program
 * @param {string[]} entries
 */
function undocumentedIn(program, entries) {
  const checker = program.getTypeChecker()
  const exported = new Set(entries.flatMap((path) => exportsOf(program, checker, path)))
  return [...exported].flatMap((symbol) => {
    const [declaration] = symbol.declarations ?? []
    if (!declaration || isPrivate(declaration)) return []
    return isDocumented(checker, symbol) ? [] : [`${symbol.name} (${placeOf(declaration)})`]
  })
}

/**
 * Says what it is, itself or by what its members say: of options there is no more to tell.
 *
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 */
function isDocumented(checker, symbol) {
  if (isCommented(checker, symbol)) return true
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  return type.getProperties().some((member) => isCommented(checker, member))
}

/**
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 */
function isCommented(checker, symbol) {
  return (
    symbol.getDocumentationComment(checker).length > 0 ||
    symbol.getJsDocTags(checker).some(({ name }) => /^(source|throws|returns)$/.test(name))
  )
}

/**
 * Everything that a signature names is exported itself, and so its signatures are looked at as well.
 *
 * @param {ts.Program} program
 * @param {string[]} entries
 * @param {string[]} below
 */
function hiddenFrom(program, entries, below) {
  const checker = program.getTypeChecker()
  const others = new Set(below.flatMap((path) => exportsOf(program, checker, path)))
  const exported = new Set(entries.flatMap((path) => exportsOf(program, checker, path)))
  /** @type {Map<ts.Symbol, string>} */
  const hidden = new Map()
  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      forEachType(declaration, (node) => {
        const named = targetOf(checker, checker.getSymbolAtLocation(node))
        if (!named || !isOurs(named)) return
        if (hidden.has(named) || exported.has(named) || others.has(named)) return
        hidden.set(named, `${named.name}, in ${symbol.name} (${placeOf(node)})`)
      })
    }
  }
  return [...hidden.values()].sort()
}

/**
 * @param {ts.Program} program
 * @param {ts.TypeChecker} checker
 * @param {string} path
 */
function exportsOf(program, checker, path) {
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  if (!module) throw new Error(`${path} is no module: are the packages built?`)
  return checker.getExportsOfModule(module).flatMap((symbol) => targetOf(checker, symbol) ?? [])
}

/**
 * What a name stands for in the end.
 *
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol | undefined} symbol
 */
function targetOf(checker, symbol) {
  if (!symbol) return undefined
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/**
 * The names of types in what others see of a declaration.
 *
 * @param {ts.Node} node
 * @param {(name: ts.Node) => void} visit
 */
function forEachType(node, visit) {
  if (isPrivate(node)) return
  if (ts.isTypeReferenceNode(node)) visit(node.typeName)
  else if (ts.isExpressionWithTypeArguments(node)) visit(node.expression)
  else if (ts.isTypeQueryNode(node)) visit(node.exprName)
  else if (ts.isImportTypeNode(node) && node.qualifier) visit(node.qualifier)
  ts.forEachChild(node, (child) => forEachType(child, visit))
}

/**
 * Also what is for ourselves by its comment.
 *
 * @param {ts.Node} node
 */
function isPrivate(node) {
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) return true
  if (ts.isClassElement(node) && node.name && ts.isPrivateIdentifier(node.name)) return true
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ?? false
}

/**
 * Of this workspace, with a name that a module could export: no parameter of a type, no part of a mapped one.
 *
 * @param {ts.Symbol} symbol
 */
function isOurs(symbol) {
  const kinds = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class
  const values = ts.SymbolFlags.Variable | ts.SymbolFlags.Function | ts.SymbolFlags.Enum
  if (!(symbol.flags & (kinds | values))) return false
  return (symbol.declarations ?? []).some((declaration) => {
    const path = declaration.getSourceFile().fileName
    return path.startsWith(`${root}packages/`) && !path.includes(`${sep}node_modules${sep}`)
  })
}

/** @param {ts.Node} node */
function placeOf(node) {
  const source = node.getSourceFile()
  const { line } = source.getLineAndCharacterOfPosition(node.getStart())
  return `${relative(root, source.fileName)}:${line + 1}`
}
