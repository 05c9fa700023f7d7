drop table dept_closure;
drop table depts;
