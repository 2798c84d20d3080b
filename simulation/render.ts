export function renderVerdict(): string { return '' }
