create index operation_logs_targets_idx on operation_logs using gin (targets jsonb_path_ops);
