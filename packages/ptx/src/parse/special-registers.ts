const vectors = ["tid", "ntid", "ctaid", "nctaid", "clusterid", "nclusterid", "cluster_ctaid", "cluster_nctaid"];
const scalars = [
  "laneid",
  "warpid",
  "nwarpid",
  "smid",
  "nsmid",
  "gridid",
  "is_explicit_cluster",
  "cluster_ctarank",
  "cluster_nctarank",
  "lanemask_eq",
  "lanemask_le",
  "lanemask_lt",
  "lanemask_ge",
  "lanemask_gt",
  "clock",
  "clock_hi",
  "clock64",
  "globaltimer",
  "globaltimer_lo",
  "globaltimer_hi",
  "reserved_smem_offset_begin",
  "reserved_smem_offset_end",
  "reserved_smem_offset_cap",
  "total_smem_size",
  "aggr_smem_size",
  "dynamic_smem_size",
  "current_graph_exec",
];

/** The special registers without their %, vectors by element: "tid.x" (PTX ISA, "Special Registers"). */
export const specialRegisters: ReadonlySet<string> = new Set([
  ...scalars,
  ...vectors.flatMap((name) => ["x", "y", "z", "w"].map((element) => `${name}.${element}`)),
  ...Array.from({ length: 8 }, (_, i) => [`pm${i}`, `pm${i}_64`]).flat(),
  ...Array.from({ length: 32 }, (_, i) => `envreg${i}`),
  ...Array.from({ length: 2 }, (_, i) => `reserved_smem_offset_${i}`),
]);

export const specialVectors: ReadonlySet<string> = new Set(vectors);
