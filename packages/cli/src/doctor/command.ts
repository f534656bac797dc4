import type { Command } from '../command.js'

export const doctorCommand: Command = {
  name: 'doctor',
  isLocal: true,
  summary: 'Say what this machine has and lacks for WireGuard',
  description: `Looks at the kernel, permissions, userspace implementations, the programs that "up" uses, settings that tunnels suffer from, userspace devices that have lost their port, and threads that the kernel has for peers, and says what to do about what is missing. Nothing is changed. What only some need is a note.`,
  options: [{ flags: '--json', summary: 'write what was found as JSON' }],
  examples: [{ command: 'wgctrl doctor', summary: 'what is missing here' }],
  exitStatus: [
    { name: '0', text: 'nothing is missing' },
    { name: '1', text: 'something is missing, or an error' },
  ],
  grammar: 'options',
  load: async () => (await import('./doctor.js')).runDoctor,
}
