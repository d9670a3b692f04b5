// score.mjs BASE_URL WHAT N WINDOW
//
// The script one would write instead of a SQL statement: reads N phone numbers
// from table subject, asks for a decision on each, WINDOW at a time, and puts
// the answers where WHAT says:
//
//   update   into the rows, with one UPDATE ... FROM
//   insert   into table target, with one INSERT ... SELECT
//   select   nowhere, the risk scores are picked out
//   where    nowhere, the rows over a risk score are counted
//
// Prints the seconds from the first question's SELECT to the last answer's
// place.  PGHOST and the like say which database.

import pg from 'pg';
import { Pool } from 'undici';

const [base, what, n, window] = process.argv.slice(2);

async function json(reply) {
  const body = await reply.body.json();
  if (reply.statusCode !== 200) {
    throw new Error(`HTTP ${reply.statusCode}: ${JSON.stringify(body)}`);
  }
  return body;
}

async function logIn(pool) {
  const basic = Buffer.from('svc@acme.example:sandbox-password').toString('base64');
  const organizations = await json(await pool.request({
    path: '/pngme/auth', method: 'GET', headers: { authorization: `Basic ${basic}` },
  }));
  const acme = organizations.find((one) => one.organization_name === 'acme');
  return acme.auth.find((one) => one.type === 'production').api_token;
}

// Answers in the order of the rows; each worker takes the next row when it has
// its answer.
async function askAll(pool, headers, rows) {
  const answers = new Array(rows.length);
  let next = 0;
  async function work() {
    while (next < rows.length) {
      const i = next++;
      answers[i] = await json(await pool.request({
        path: `/pngme/kenya/decision?phone_number=${rows[i].phone}`, method: 'GET', headers,
      }));
    }
  }
  await Promise.all(Array.from({ length: Number(window) }, work));
  return answers;
}

const put = {
  update: (db, ids, answers) => db.query(
    `UPDATE subject SET decision = a.decision::jsonb
     FROM unnest($1::int[], $2::text[]) AS a (id, decision) WHERE a.id = subject.id`,
    [ids, answers.map((answer) => JSON.stringify(answer))]),
  insert: (db, ids, answers) => db.query(
    `INSERT INTO target (id, decision)
     SELECT id, decision::jsonb FROM unnest($1::int[], $2::text[]) AS a (id, decision)`,
    [ids, answers.map((answer) => JSON.stringify(answer))]),
  select: (db, ids, answers) => answers.map((answer) => answer.risk_score),
  where: (db, ids, answers) => answers.filter((answer) => answer.risk_score > 0.5).length,
};

const db = new pg.Client();
await db.connect();
const pool = new Pool(base, { connections: Number(window), pipelining: 1 });
const token = await logIn(pool);

const start = performance.now();
const { rows } = await db.query('SELECT id, phone FROM subject WHERE id <= $1 ORDER BY id', [n]);
const answers = await askAll(pool, { authorization: `Bearer ${token}` }, rows);
await put[what](db, rows.map((row) => row.id), answers);
console.log(((performance.now() - start) / 1000).toFixed(6));

await Promise.all([db.end(), pool.close()]);
