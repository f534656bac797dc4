// The folder of measurements does not depend on the package by name yet.
export * from '../packages/netlink/dist/index.js'
