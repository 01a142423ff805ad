-- What a placement is for. The history of a void follows its placements: it changes in the transaction in which one goes
-- live, whoever still waits for the answer by then.
alter table placement add column purpose text not null default 'deploy'
    check (purpose in ('deploy', 'rollback', 'move'));
