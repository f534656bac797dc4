// Loaded before a program, with --expose-gc: stops its process at the very end, with all that is in its memory.
// What Node's own code holds of keys is cleared when it is collected.
process.on('exit', () => {
  globalThis.gc()
  globalThis.gc()
  process.kill(process.pid, 'SIGSTOP')
})
