mod workloads;
