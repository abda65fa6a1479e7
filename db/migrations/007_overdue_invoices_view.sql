-- The dunning job had this query in its own code; as a view it is one definition for the job and the reports.

-- migrate:up
CREATE VIEW billing.overdue_invoices WITH (security_invoker = true) AS
    SELECT i.id,
           i.number,
           i.account_id,
           a.name AS account_name,
           i.currency,
           i.open_amount,
           i.due_on,
           CURRENT_DATE - i.due_on AS days_overdue
    FROM billing.open_invoices i
    JOIN crm.accounts a ON a.id = i.account_id
    WHERE i.due_on < CURRENT_DATE
      AND i.open_amount > 0;

COMMENT ON VIEW billing.overdue_invoices IS 'Invoices to remind of; credit notes are left out';

-- migrate:down
DROP VIEW billing.overdue_invoices;
