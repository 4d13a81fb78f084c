/** Exit codes: 3 for what the operator wrote wrong, 1 for what went wrong when starting. */
export const ExitCode = { Success: 0, StartFailed: 1, BadConfiguration: 3 } as const;
