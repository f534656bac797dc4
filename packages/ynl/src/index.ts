export * from './open-family.js'
export * from './runtime.js'
export * from './spec/read-spec.js'
export { SpecError, type SpecPlace } from './spec/spec-error.js'
