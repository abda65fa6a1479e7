-- The mailer must stop writing to addresses that bounce.
-- A nullable column without default or check: no row is read or rewritten, the lock lasts an instant.

-- migrate:up
ALTER TABLE crm.contacts
    ADD COLUMN email_bounced_at timestamp with time zone;

COMMENT ON COLUMN crm.contacts.email_bounced_at IS 'When mail to this address last bounced; NULL while it is good';

-- migrate:down
ALTER TABLE crm.contacts
    DROP COLUMN email_bounced_at;
