import type { Command } from '../command.js'

export const completionCommand: Command = {
  name: 'completion',
  isLocal: true,
  summary: 'Print a script that completes commands in a shell',
  description: `The script knows the commands, their options and words; names of devices are looked up when they are completed.

Bash: source <(wgctrl completion bash), or write it to /etc/bash_completion.d/wgctrl.

Zsh: write it to a file _wgctrl in a folder of $fpath, or source <(wgctrl completion zsh) behind compinit.

Fish: write it to ~/.config/fish/completions/wgctrl.fish.`,
  arguments: [{ name: 'shell', summary: 'bash, zsh or fish', completes: ['bash', 'zsh', 'fish'] }],
  examples: [
    { command: 'source <(wgctrl completion bash)', summary: 'for this shell' },
    {
      command: 'wgctrl completion fish > ~/.config/fish/completions/wgctrl.fish',
      summary: 'for every fish',
    },
  ],
  grammar: 'options',
  load: async () => (await import('./completion.js')).runCompletion,
}
