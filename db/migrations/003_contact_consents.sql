-- do_not_contact on crm.contacts cannot prove who agreed to what, and when. This table can:
-- a row is never changed, and the latest row for a purpose counts.

-- migrate:up
CREATE TABLE crm.contact_consents (
    id bigint GENERATED ALWAYS AS IDENTITY,
    contact_id bigint NOT NULL,
    purpose text NOT NULL,
    is_granted boolean NOT NULL,
    source text NOT NULL,
    recorded_by bigint,
    recorded_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT contact_consents_pkey PRIMARY KEY (id),
    CONSTRAINT contact_consents_contact_id_fkey
        FOREIGN KEY (contact_id) REFERENCES crm.contacts (id) ON DELETE CASCADE,
    CONSTRAINT contact_consents_recorded_by_fkey
        FOREIGN KEY (recorded_by) REFERENCES crm.users (id) ON DELETE SET NULL,
    CONSTRAINT contact_consents_purpose_known CHECK (purpose IN ('newsletter', 'product_news', 'phone_call', 'survey'))
);

CREATE INDEX contact_consents_latest_idx
    ON crm.contact_consents (contact_id, purpose, recorded_at DESC);

COMMENT ON TABLE crm.contact_consents IS 'What a contact agreed to or withdrew; append only, the latest row for a purpose counts';
COMMENT ON COLUMN crm.contact_consents.source IS 'Where it was said: web form, signed paper, phone call';
COMMENT ON COLUMN crm.contact_consents.recorded_by IS 'NULL when the contact did it alone, on a web form';

-- migrate:down
-- Loses what was recorded since: for development only.
DROP TABLE crm.contact_consents;
