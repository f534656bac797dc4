// `npm run soak [-- ROUNDS]`: the tier `soak` with an hour's worth of rounds, or as many as are named; then `turns`.
process.env['WGCTRL_SOAK_ROUNDS'] = process.argv[2] ?? '100000'
process.argv.splice(2, Infinity, 'soak', 'turns')
await import('./test.mjs')
