declare module 'virtual:layouts' {
  /** Layouts by the key of the chart. */
  export const layouts: Readonly<Record<string, import('../../layout/layout-types.ts').ChartLayout>>;
}
