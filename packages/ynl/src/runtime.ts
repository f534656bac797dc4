export { propertyName } from './codec/property-name.js'
export * from './family/dump.js'
export * from './family/family.js'
export * from './spec/model.js'
