import { createRequire } from 'node:module'
import type TypeScript from 'typescript'

// The bundled configuration would load it for every tier if it were imported.
const ts: typeof TypeScript = createRequire(import.meta.url)('typescript')

/**
 * Counts, per run of an input, how often each place of the instrumented sources was reached. A place is
 * a number from a hash of file and position, so it means the same in every process of one version.
 */
export const PLACES = 1 << 16

const COUNTERS = '__fuzzCounters'

/** The counters that instrumented code adds to. */
export function counters(): Uint8Array {
  const scope = globalThis as { [COUNTERS]?: Uint8Array }
  scope[COUNTERS] ??= new Uint8Array(PLACES)
  return scope[COUNTERS]
}

/**
 * Turns a TypeScript module into JavaScript that counts: at the start of every function, branch, loop and
 * case, at each arm of `?:`, and at the right side of `&&`, `||` and `??`. Lines stay where they are.
 */
export function instrument(code: string, path: string): { code: string; map: string } {
  const { outputText, sourceMapText = '' } = ts.transpileModule(code, {
    fileName: path,
    transformers: { before: [counting(path)] },
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      sourceMap: true,
    },
  })
  const start = `globalThis.${COUNTERS} ??= new Uint8Array(${PLACES});`
  return { code: start + outputText, map: sourceMapText }
}

function counting(path: string): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  return (context) => (file) => {
    const { factory } = context
    const count = (node: TypeScript.Node): TypeScript.Expression => {
      const place = hash(`${path.slice(path.indexOf('/packages/'))}:${node.pos}:${node.kind}`)
      const array = factory.createPropertyAccessExpression(
        factory.createIdentifier('globalThis'),
        COUNTERS,
      )
      const element = factory.createElementAccessExpression(array, place)
      return factory.createPostfixUnaryExpression(element, ts.SyntaxKind.PlusPlusToken)
    }
    const inBlock = (block: TypeScript.Block): TypeScript.Block =>
      factory.updateBlock(block, [
        factory.createExpressionStatement(count(block)),
        ...block.statements,
      ])
    const asBlock = (statement: TypeScript.Statement): TypeScript.Block =>
      ts.isBlock(statement)
        ? statement
        : factory.createBlock([factory.createExpressionStatement(count(statement)), statement])
    const before = (expression: TypeScript.Expression): TypeScript.Expression =>
      factory.createParenthesizedExpression(factory.createComma(count(expression), expression))

    const visit = (original: TypeScript.Node): TypeScript.Node => {
      if (ts.isTypeNode(original)) return original
      const node = ts.visitEachChild(original, visit, context)
      if (ts.isBlock(node)) return inBlock(node)
      if (ts.isIfStatement(node)) {
        const { expression, thenStatement, elseStatement } = node
        const otherwise = elseStatement && asBlock(elseStatement)
        return factory.updateIfStatement(node, expression, asBlock(thenStatement), otherwise)
      }
      if (ts.isCaseOrDefaultClause(node)) {
        const statements = [factory.createExpressionStatement(count(original)), ...node.statements]
        return ts.isCaseClause(node)
          ? factory.updateCaseClause(node, node.expression, statements)
          : factory.updateDefaultClause(node, statements)
      }
      if (ts.isConditionalExpression(node)) {
        const { condition, questionToken, whenTrue, colonToken, whenFalse } = node
        return factory.updateConditionalExpression(
          node,
          condition,
          questionToken,
          before(whenTrue),
          colonToken,
          before(whenFalse),
        )
      }
      if (ts.isBinaryExpression(node) && isShortCircuit(node.operatorToken.kind)) {
        return factory.updateBinaryExpression(
          node,
          node.left,
          node.operatorToken,
          before(node.right),
        )
      }
      if (ts.isForStatement(node)) {
        const { initializer, condition, incrementor, statement } = node
        const body = asBlock(statement)
        return factory.updateForStatement(node, initializer, condition, incrementor, body)
      }
      if (ts.isWhileStatement(node)) {
        return factory.updateWhileStatement(node, node.expression, asBlock(node.statement))
      }
      return node
    }
    return ts.visitNode(file, visit) as TypeScript.SourceFile
  }
}

const isShortCircuit = (kind: TypeScript.SyntaxKind): boolean =>
  kind === ts.SyntaxKind.AmpersandAmpersandToken ||
  kind === ts.SyntaxKind.BarBarToken ||
  kind === ts.SyntaxKind.QuestionQuestionToken

/** FNV-1a, folded to the number of places. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0
  }
  return (value ^ (value >>> 16)) & (PLACES - 1)
}
