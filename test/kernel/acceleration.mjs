import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { findTool } from './requirements.mjs'

/**
 * How qemu is to run the guest: emulation, which works everywhere, or KVM where a processor can be
 * made with it (a /dev/kvm that is there need not work). `WGCTRL_ACCEL` ('tcg', 'kvm') decides instead.
 *
 * @returns {Promise<{ options: string[], kernelOptions: string[] }>} for qemu, and for the kernel in it
 */
export async function acceleration() {
  const wanted = process.env.WGCTRL_ACCEL || ((await kvmWorks()) ? 'kvm' : 'tcg')
  if (wanted !== 'tcg') return { options: ['-accel', wanted], kernelOptions: [] }
  return { options: ['-accel', 'tcg,thread=multi'], kernelOptions: emulatedClocks() }
}

/**
 * A kernel measures its clocks against each other as it boots. Emulated on a busy host it is put off the
 * processor in the middle of that and gets them wrong: 3 of 16 such boots had a clock 5 to 18 times too
 * fast, some others hung for want of timer interrupts. So nothing is left to measure: emulated rdtsc is
 * the host's, whose frequency the host knows, and ticks come from the HPET, whose frequency is in a
 * register, instead of from the local APIC's timer.
 * @source Documentation/admin-guide/kernel-parameters.txt
 */
function emulatedClocks() {
  // arch/x86/kernel/tsc.c sets loops_per_jiffy = tsc_khz * 1000 / HZ, and BogoMIPS are
  // loops_per_jiffy * HZ / 500000.
  const bogoMips = /^bogomips\s*:\s*([\d.]+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
  const known = bogoMips ? [`tsc_early_khz=${Math.round(Number(bogoMips) * 500)}`] : []
  return ['no_timer_check', 'nolapic_timer', 'tsc=reliable', ...known]
}

async function kvmWorks() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return false
  }
  const args = ['-accel', 'kvm', '-cpu', 'max', '-S', '-nodefaults', '-display', 'none']
  const probe = spawn(findTool('qemu-system-x86_64'), [...args, '-monitor', 'stdio'], {
    cwd: tmpdir(),
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: 5000,
    killSignal: 'SIGKILL',
  })
  // It may be gone before it reads.
  probe.stdin.on('error', () => {})
  probe.stdin.end('quit\n')
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.once('close', (status) => resolve(status === 0))
  })
}
