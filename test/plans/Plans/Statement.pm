
=pod

=head1 NAME

Plans::Statement - random statements that call, with random settings

=head1 SYNOPSIS

  my $query = Plans::Statement->generate(seed => 42);
  print "$_;\n" foreach @{ $query->{settings} }, @{ $query->{statements} };

=head1 DESCRIPTION

A query is a hash of

=over

=item C<settings>, C<statements>, C<after>

Lists of SQL: SET LOCAL, what is run, and what shows the tables it has written to.

=item C<kind>, C<explained>

What it is, and the statement whose plan tells; undef when EXPLAIN takes none.

=item C<ordered>

Its rows come in one order only.

=item C<once>

It is one execution, in which no subject is asked about twice.

=item C<may_fail>

It has an expression that fails for some rows.

=item C<drawn>

The numbers it was made of.

=back

=cut

package Plans::Statement;

use strict;
use warnings;

use parent -norequire, 'Plans::Expression';

use Plans::Expression;

# Faults that are known and not repaired yet, by the feature of a query that
# meets them: number of the issue.  An empty table switches all on.
our %known_faults = ();

my @planner_switches = qw(enable_seqscan enable_indexscan enable_indexonlyscan enable_bitmapscan
  enable_hashjoin enable_mergejoin enable_nestloop enable_material enable_memoize enable_sort
  enable_incremental_sort enable_hashagg enable_tidscan enable_async_append enable_partition_pruning);
my @planner_extras = qw(enable_partitionwise_join enable_partitionwise_aggregate);

sub generate
{
	my ($class, %options) = @_;
	my $g = $class->new(off => \%known_faults, %options);
	my $depth = $g->one(1, 0, 2);
	my $kind = $g->weighted(30 => 'rows', 14 => 'groups', 9 => 'windows', 6 => 'distinct', 9 => 'sets',
		12 => 'ctes', 24 => 'writes', 10 => 'cursor', 5 => 'prepared', 3 => 'loop', 3 => 'copied');

	# Row-level security does not hold for the superuser.
	$g->{role} = 1 if $kind !~ /^(?:writes|cursor)$/ && $g->chance(6);
	my $query = $g->can($kind)->($g, $depth);
	$query->{settings} = [ $g->settings ];
	unshift @{ $query->{statements} }, 'SET LOCAL ROLE underwriter' if $g->{role};
	$query->{kind} = $kind;
	$query->{after} //= [];
	$query->{once} = 0 if $g->{runs_more};
	$query->{may_fail} = defined $g->{error};
	$query->{drawn} = [ $g->drawn ];
	return $query;
}

=pod

=head1 SETTINGS

=cut

# Kinds of joins that small tables get only when others are not to be had.
my @profiles = ([],
	[qw(enable_hashjoin enable_mergejoin enable_seqscan enable_bitmapscan)],
	[qw(enable_hashjoin enable_mergejoin)],
	[qw(enable_hashjoin enable_nestloop)],
	[qw(enable_mergejoin enable_nestloop)],
	[qw(enable_hashjoin enable_mergejoin enable_material enable_seqscan)]);

sub settings
{
	my ($g) = @_;
	my @settings;
	my $set = sub { push @settings, "$_[0] = $_[1]"; };

	if ($g->chance(40)) { $set->($_, 'off') foreach @{ $g->one(@profiles) }; }
	foreach my $name (@planner_switches) { $set->($name, 'off') if $g->chance(11); }
	foreach my $name (@planner_extras) { $set->($name, 'on') if $g->chance(30); }
	if ($g->chance(18))
	{
		$set->($_, 0) foreach qw(parallel_setup_cost parallel_tuple_cost min_parallel_table_scan_size
		  min_parallel_index_scan_size);
		$set->('max_parallel_workers_per_gather', 2);
		$set->('parallel_leader_participation', 'off') if $g->chance(20);
		$set->('force_parallel_mode', 'on') if $g->chance(20);
	}
	else { $set->('max_parallel_workers_per_gather', 0); }
	$set->('enable_async_append', 'off') unless $g->may('async');
	$set->('plan_cache_mode', $g->one(qw(force_generic_plan force_custom_plan))) if $g->chance(30);
	$set->('work_mem', q{'64kB'}) if $g->chance(15);
	$set->('join_collapse_limit', 1) if $g->chance(10);
	$set->('from_collapse_limit', 1) if $g->chance(10);
	$set->('cursor_tuple_fraction', 1) if $g->chance(5);
	$set->('geqo_threshold', 2) if $g->chance(5);
	$set->('cpu_operator_cost', 0) if $g->chance(5);
	$set->('random_page_cost', 1) if $g->chance(10);
	$set->('credscore.max_in_flight', $g->one(64, 3, 8, 2, 1));
	$set->('credscore.read_ahead', $g->one(1, 2, 5, 20)) if $g->chance(40);
	$set->('credscore.slow_start', 'on') if $g->chance(15);
	return @settings;
}

=pod

=head1 SELECT

=cut

sub simple
{
	my ($g, $sql, %more) = @_;
	return { statements => [$sql], explained => $sql, once => 1, %more };
}

sub item
{
	my ($g, $scope, $depth) = @_;
	my $kind = $g->weighted(50 => 'score', 20 => 'integer', 10 => 'text', 8 => 'condition', 3 => 'whole', 3 => 'row',
		3 => 'set', 3 => 'system');

	return $g->integer($scope) if $kind eq 'integer';
	return $g->text($scope) if $kind eq 'text';
	return '(' . $g->condition($scope, $depth) . ')' if $kind eq 'condition';
	return 'ROW(' . $g->integer($scope) . ', ' . $g->score($scope, $depth) . ')' if $kind eq 'whole';
	return $scope->[0]{alias} . '::text' if $kind eq 'row';
	return 'generate_series(1, 1 + ' . $g->integer($scope) . ' % 2)' if $kind eq 'set';
	return "$scope->[0]{alias}.tableoid::regclass" if $kind eq 'system' && $scope->[0]{table};
	return $g->score($scope, $depth);
}

sub where
{
	my ($g, $scope, $depth) = @_;
	return $g->chance(60) ? ' WHERE ' . $g->conditions($scope, $depth) : '';
}

# Some rows, and whether in one order only.
sub select_rows
{
	my ($g, $depth, $must_order) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my @items = map { $g->item(\@relations, $depth) } 1 .. 1 + $g->number(3);
	my $where = $g->where(\@relations, $depth);
	my $order = $g->total_order(@relations);

	unshift @items, $relations[0]{alias} . '.id';
	push @items, $g->score(\@relations, $depth) if "@items$where$from" !~ /ASK_/;
	my $sql = 'SELECT ' . join(', ', @items) . " FROM $from$where";
	return ($sql, 0) unless $must_order || $g->chance(50);
	return ("$sql ORDER BY $relations[0]{alias}.region FETCH FIRST " . (1 + $g->number(4)) . ' ROWS WITH TIES', 0)
	  if !$must_order && $g->chance(8);
	$order = $g->score(\@relations, $depth) . ($g->chance(50) ? ' DESC' : '') . ", $order" if $g->chance(20);
	$order .= ' DESC' if $g->chance(20);
	$sql .= " ORDER BY $order";
	$sql .= $g->limit if $g->chance(60);
	$sql .= ' FOR ' . $g->one('UPDATE', 'SHARE')
	  if @relations == 1 && $relations[0]{sql} =~ /^(?:person|loan|visit|part|kin|made) \w+$/ && $g->chance(10);
	return ($sql, 1);
}

sub rows
{
	my ($g, $depth) = @_;
	my ($sql, $ordered) = $g->select_rows($depth);

	return $g->simple($sql, ordered => $ordered);
}

sub aggregate
{
	my ($g, $scope, $depth, $order) = @_;
	my $kind = $g->weighted(20 => 'sum', 15 => 'max', 10 => 'count', 8 => 'rows', 8 => 'array', 6 => 'distinct',
		8 => 'filter', 6 => 'calling filter', 5 => 'bool', 4 => 'percentile', 3 => 'text', 6 => 'above');
	my $score = $g->score($scope, $depth);

	return 'count(*)' if $kind eq 'rows';
	return "array_agg($score ORDER BY $order)" if $kind eq 'array';
	return "count(DISTINCT $score)" if $kind eq 'distinct';
	return "sum($score) FILTER (WHERE " . $g->free($scope) . ')' if $kind eq 'filter';
	return 'count(*) FILTER (WHERE ' . $g->compare($scope, $depth) . ')' if $kind eq 'calling filter';
	return 'bool_or(' . $g->condition($scope, $depth) . ')' if $kind eq 'bool';
	return "percentile_disc(0.5) WITHIN GROUP (ORDER BY $score)" if $kind eq 'percentile';
	return "string_agg(left($score\::text, 3), ',' ORDER BY $order)" if $kind eq 'text';
	return "ASK_risk(max($scope->[0]{alias}.phone))" if $kind eq 'above';
	return "$kind($score)";
}

sub groups
{
	my ($g, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $t = $relations[0]{alias};
	my $order = $g->total_order(@relations);
	my $where = $g->where(\@relations, $depth);
	my @keys = $g->one([], ["$t.region"], [ "$t.region", "$t.id % 2" ],
		[ 'round(' . $g->score(\@relations, $depth) . ', 1)', "$t.region" ]);
	@keys = @{ $keys[0] };
	my @aggregates = map { $g->aggregate(\@relations, $depth, $order) } 1 .. 1 + $g->number(2);
	my $sql = 'SELECT ' . join(', ', @keys, @aggregates) . " FROM $from$where";
	my $by = join ', ', 1 .. @keys;

	$by = $g->one($by, "ROLLUP ($by)", "CUBE ($by)", 'GROUPING SETS ((' . join('), (', 1 .. @keys) . '), ())')
	  if @keys;
	$sql .= " GROUP BY $by" if @keys;
	$sql .= ' HAVING ' . $g->one('count(*) > 1', 'max(' . $g->score(\@relations, $depth) . ') > 0.5',
		"ASK_risk(max($t.phone)) > 0.3")
	  if $g->chance(25);
	return $g->simple($sql) unless $g->chance(40);
	$sql .= ' ORDER BY ' . join ', ', 1 .. @keys + @aggregates;
	$sql .= $g->limit if $g->chance(40);
	return $g->simple($sql, ordered => 1);
}

sub windows
{
	my ($g, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $t = $relations[0]{alias};
	my $order = $g->total_order(@relations);
	my $score = $g->score(\@relations, $depth);
	my $window = $g->one("ORDER BY $order", "PARTITION BY $t.region ORDER BY $order",
		"PARTITION BY $t.id % 3 ORDER BY $score, $order", "ORDER BY $order DESC");
	my $function = $g->one('row_number()', "sum($score)", 'rank()', "lag($score)", "first_value($score)",
		'ntile(3)', "max($t.amount)", "count($score)");
	my $frame = $function =~ /^(?:sum|max|count)/ && $g->chance(40)
	  ? ' ROWS BETWEEN 2 PRECEDING AND CURRENT ROW' : '';
	my $sql = "SELECT $t.id, $function OVER ($window$frame) AS n, " . $g->score(\@relations, $depth)
	  . " AS v FROM $from" . $g->where(\@relations, $depth);

	$sql = "SELECT * FROM ($sql) w WHERE n <= " . (1 + $g->number(5)) . ($g->chance(30) ? ' AND v > 0.3' : '')
	  if $g->chance(40);
	return $g->simple($sql) unless $g->chance(30);
	return $g->simple("$sql ORDER BY 1, 2, 3" . $g->limit, ordered => 1);
}

sub distinct
{
	my ($g, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $t = $relations[0]{alias};
	my $where = $g->where(\@relations, $depth);
	my $score = $g->score(\@relations, $depth);

	return $g->simple("SELECT DISTINCT $t.region, round($score, 1) FROM $from$where"
		  . ($g->chance(40) ? ' ORDER BY 1, 2' . $g->limit : ''))
	  if $g->chance(50);
	return $g->simple("SELECT DISTINCT ON ($t.region) $t.region, $t.id, $score FROM $from$where"
		  . " ORDER BY $t.region, " . $g->total_order(@relations) . ($g->chance(30) ? $g->limit : ''),
		ordered => 1);
}

sub branch
{
	my ($g, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $sql = "SELECT $relations[0]{alias}.id, " . $g->score(\@relations, $depth) . " FROM $from"
	  . $g->where(\@relations, $depth);

	$sql = "($sql ORDER BY " . $g->total_order(@relations) . $g->limit . ')' if $g->chance(20);
	return $sql;
}

sub sets
{
	my ($g, $depth) = @_;
	my $sql = $g->branch($depth);

	$sql .= ' ' . $g->one('UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL') . ' '
	  . $g->branch($depth)
	  for 1 .. 1 + $g->number(2);
	return $g->simple($sql) unless $g->chance(40);
	return $g->simple("$sql ORDER BY 1, 2" . ($g->chance(60) ? $g->limit : ''), ordered => 1);
}

=pod

=head1 WITH

=cut

sub recursive
{
	my ($g, $depth) = @_;
	my ($step, $all) = (1 + $g->number(3), $g->one(' ALL', ''));
	my $p = { alias => 'p', key => ['id'] };
	my $r = { alias => 'r', key => ['id'], s => 1 };

	return "SELECT p.id, p.phone, p.region, p.amount, " . $g->score([$p], 0) . ' AS s FROM person p WHERE p.id <= '
	  . (1 + $g->number(4)) . " UNION$all SELECT p.id, p.phone, p.region, p.amount, " . $g->score([ $p, $r ], 0)
	  . " FROM NAME r JOIN person p ON p.id = r.id + $step WHERE " . $g->condition([ $p, $r ], 0);
}

sub ctes
{
	my ($g, $depth) = @_;
	my @with;
	my $recursive = '';
	my @after;

	for (1 .. 1 + $g->number(2))
	{
		my $name = $g->alias('c');
		my $kind = $g->weighted(50 => 'select', 20 => 'recursive', 25 => 'write');
		my ($sql, $made);

		if ($kind eq 'recursive')
		{
			$recursive = ' RECURSIVE';
			$sql = $g->recursive($depth) =~ s/\bNAME\b/$name/r;
			$made = { s => 1 };
		}
		elsif ($kind eq 'write' && !@after && !$g->{role}) { ($sql, $made, @after) = $g->returning_cte; }
		else { ($sql, $made) = $g->core([], $depth > 0 ? $depth - 1 : 0); }
		push @with, "$name AS "
		  . ($kind eq 'select' ? $g->one('', 'MATERIALIZED ', 'NOT MATERIALIZED ') : '') . "($sql)";
		push @{ $g->{ctes} }, { name => $name, key => $g->all_columns($made->{s}), s => $made->{s} };
	}
	my ($sql, $ordered) = $g->select_rows($depth);

	$sql =~ s/ FOR (?:UPDATE|SHARE)$//;
	my $query = $g->simple("WITH$recursive " . join(', ', @with) . " $sql", ordered => $ordered);
	$query->{after} = \@after;
	return $query;
}

=pod

=head1 WRITING

=cut

my @targets = qw(person loan visit part listed kin made remote ASK_watched);

sub target
{
	my ($g) = @_;
	my $name = $g->one(@targets);

	$g->{runs_more} = 1 if $name eq 'ASK_watched';
	return { name => $name, alias => 'w', key => ['id'] };
}

sub contents
{
	my ($g, $t) = @_;
	my $columns = 'id, phone, region, amount, r' . ($t->{name} eq 'made' ? ', twice' : '');
	return "SELECT tableoid::regclass, $columns FROM $t->{name} ORDER BY id, phone, region, amount, r, 1";
}

sub returning
{
	my ($g, $w) = @_;
	return $g->chance(50) ? '' : ' RETURNING w.id, ' . $g->score([$w], 0);
}

sub returning_cte
{
	my ($g) = @_;
	my $w = $g->target;
	my $kind = $g->one(qw(update delete insert));
	my $sql = $kind eq 'insert' ? $g->insert_select($w, 0) : $kind eq 'update' ? $g->update($w, 0) : $g->delete($w, 0);

	$sql .= ' RETURNING w.id, w.phone, w.region, w.amount, ' . $g->score([$w], 0) . ' AS s';
	return ($sql, { s => 1 }, $g->contents($w));
}

sub insert_select
{
	my ($g, $w, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $t = $relations[0]{alias};

	return "INSERT INTO $w->{name} AS w (id, phone, region, amount, r) SELECT 1000 + row_number() OVER (ORDER BY "
	  . $g->total_order(@relations) . "), $t.phone, $t.region, $t.amount, " . $g->score(\@relations, $depth)
	  . " FROM $from" . $g->where(\@relations, $depth)
	  if @relations > 1 || $relations[0]{key}[0] ne 'id' || @{ $relations[0]{key} } > 1;
	return "INSERT INTO $w->{name} AS w (id, phone, region, amount, r) SELECT $t.id"
	  . $g->one(' + 1000', ' + 1000', '') . ", $t.phone, $t.region, $t.amount, "
	  . $g->score(\@relations, $depth) . " FROM $from" . $g->where(\@relations, $depth);
}

sub insert_values
{
	my ($g, $w) = @_;
	my $several = $w->{name} !~ /^(?:made|part|listed|kin)$/ || $g->may('values_columns');
	my $rows = 1 + ($several ? $g->number(4) : 0);
	my @rows = map {
		my $phone = $g->nth_phone;
		'(' . (2000 + $_) . ", $phone, 'r" . $g->number(5) . "', " . $g->one("(ASK_risk($phone) * 100)::int", 5)
		  . ', ' . $g->one("ASK_risk($phone)", "COALESCE(ASK_pl($phone), 1)", 'DEFAULT', 'NULL') . ')'
	} 1 .. $rows;

	return "INSERT INTO $w->{name} AS w (id, phone, region, amount, r) VALUES " . join ', ', @rows;
}

sub on_conflict
{
	my ($g, $w, $depth) = @_;
	return '' if $w->{name} !~ /^(?:person|loan|part|made|ASK_watched)$/ || !$g->chance(40);
	return ' ON CONFLICT (id) DO NOTHING' if $g->chance(40);
	return ' ON CONFLICT (id) DO UPDATE SET r = ' . $g->one('ASK_risk(excluded.phone)', 'ASK_risk(w.phone)', 'excluded.r')
	  . ', amount = w.amount + 1' . ($g->chance(40) ? ' WHERE ' . $g->condition([$w], 0) : '');
}

sub insert
{
	my ($g, $w, $depth) = @_;
	my $sql = $g->chance(40) ? $g->insert_values($w) : $g->insert_select($w, $depth);

	return $sql . $g->on_conflict($w, $depth);
}

sub update
{
	my ($g, $w, $depth) = @_;
	my $kind = $g->weighted(50 => 'plain', 25 => 'from', 12 => 'row', 8 => 'moved');
	my $sql = "UPDATE $w->{name} AS w SET ";

	if ($kind eq 'from')
	{
		my $x = $g->table($g->alias, 0);
		my $score = $g->score([ $x, $w ], $depth);
		return "${sql}r = $score, amount = $x->{alias}.amount FROM $x->{sql} WHERE $x->{alias}.id = w.id"
		  . $g->also([ $x, $w ], $depth);
	}
	if ($kind eq 'row')
	{
		my $x = $g->table($g->alias, 0);
		return "$sql(r, amount) = (SELECT " . $g->score([ $x, $w ], 0)
		  . ", $x->{alias}.amount FROM $x->{sql} WHERE $x->{alias}.id = w.id)" . $g->where([$w], $depth);
	}
	$sql .= 'r = ' . $g->score([$w], $depth);
	$sql .= $g->one(q{, region = 'r0'}, ', id = w.id + 100') if $kind eq 'moved';
	return $sql . $g->where([$w], $depth);
}

sub delete
{
	my ($g, $w, $depth) = @_;
	return "DELETE FROM $w->{name} AS w WHERE " . $g->conditions([$w], $depth) if $g->chance(60);
	my $x = $g->relation([], $depth);
	return "DELETE FROM $w->{name} AS w USING $x->{sql} WHERE " . $g->link($x, $w) . ' AND '
	  . $g->condition([ $x, $w ], $depth);
}

sub merge
{
	my ($g, $w, $depth) = @_;
	my $x = $g->table($g->alias, 0);
	my $a = $x->{alias};
	my $sql = "MERGE INTO $w->{name} AS w USING $x->{sql} ON w.id = $a.id"
	  . ($g->chance(30) ? ' AND ' . $g->compare([ $x, $w ], 0) : '');

	$sql .= ' WHEN MATCHED AND ' . $g->condition([ $x, $w ], 0) . ' THEN ' . $g->one('DELETE', 'DO NOTHING', 'UPDATE SET amount = 0')
	  if $g->chance(50);
	$sql .= ' WHEN MATCHED THEN UPDATE SET r = ' . $g->score([ $x, $w ], 0) if $g->chance(70);
	return "$sql WHEN NOT MATCHED" . ($g->chance(50) ? ' AND ' . $g->condition([$x], 0) : '')
	  . " THEN INSERT (id, phone, region, amount, r) VALUES ($a.id + 3000, $a.phone, $a.region, $a.amount, "
	  . $g->score([$x], 0) . ')';
}

sub writes
{
	my ($g, $depth) = @_;
	my $w = $g->target;
	my $kind = $g->weighted(30 => 'update', 30 => 'insert', 15 => 'delete', 15 => 'merge');
	my ($sql, $with) = (undef, '');

	$kind = 'update' if $kind eq 'merge' && $w->{name} eq 'remote';
	if ($g->chance(15))
	{
		my ($core, $made) = $g->core([], 0);
		push @{ $g->{ctes} }, { name => 'given', key => $g->all_columns($made->{s}), s => $made->{s} };
		$with = 'WITH given AS ' . $g->one('', 'MATERIALIZED ') . "($core) ";
	}
	$sql = $with . $g->can($kind)->($g, $w, $depth);
	$sql .= $g->returning($w) unless $kind eq 'merge';
	my $query = $g->simple($sql);
	$query->{after} = [ $g->contents($w) ];
	return $query;
}

=pod

=head1 SESSIONS

=cut

sub cursor
{
	my ($g, $depth) = @_;
	my ($sql) = $g->select_rows($depth, 1);
	my $hold = $g->chance(25);
	my $scroll = $g->one('', 'NO SCROLL ', 'SCROLL ');
	my $back = $scroll eq 'SCROLL ' || ($scroll eq '' && $g->may('backward'));

	return $g->positioned if $g->may('backward') && $g->chance(20);
	$sql =~ s/ FOR (?:UPDATE|SHARE)$//;
	my @fetches = map {
		$g->weighted(40 => 'FETCH ' . (1 + $g->number(6)), 10 => 'MOVE ' . (1 + $g->number(3)), 10 => 'FETCH NEXT',
			20 => ($back ? 'FETCH BACKWARD ' . (1 + $g->number(4)) : 'FETCH 1'), 8 => 'FETCH ALL',
			5 => ($back ? 'FETCH ABSOLUTE 2' : 'FETCH 2')) . ' FROM c'
	} 1 .. 1 + $g->number(5);
	my $once = 1;
	if ($g->chance(15) && !$hold)
	{
		splice @fetches, @fetches - 1, 0, 'ROLLBACK TO x';
		splice @fetches, $g->number(2), 0, 'SAVEPOINT x';
	}
	if ($g->chance(15))
	{
		splice @fetches, 1, 0, 'SELECT x.id, ASK_risk(x.phone) FROM visit x ORDER BY x.id LIMIT 9';
		$once = 0;
	}
	my $declare = "DECLARE c ${scroll}CURSOR " . ($hold ? 'WITH HOLD ' : '') . "FOR $sql";

	# Held or not, what is fetched is the same; a commit reads the rest.
	push @fetches, 'FETCH 2 FROM c', 'CLOSE c';
	splice @fetches, $g->number(2), 0, 'COMMIT' if $hold;
	return { statements => [ $declare, @fetches ], explained => $sql, ordered => 1, once => $once };
}

sub positioned
{
	my ($g) = @_;
	my $name = $g->one(qw(person loan visit part kin));
	my $w = { name => $name, alias => 'w', key => ['id'] };
	my $where = $g->where([$w], 0);
	my $sql = "SELECT w.id, " . $g->score([$w], 0) . " FROM $name w$where ORDER BY w.id FOR UPDATE";

	return { statements => [ "DECLARE c CURSOR FOR $sql", 'FETCH 2 FROM c',
			"UPDATE $name SET r = 7, amount = amount + 1 WHERE CURRENT OF c", 'FETCH 3 FROM c',
			$g->one("DELETE FROM $name WHERE CURRENT OF c", "UPDATE $name SET r = ASK_risk(phone) WHERE CURRENT OF c"),
			'FETCH ALL FROM c' ],
		after => [ $g->contents($w) ], explained => $sql, ordered => 1, once => 0 };
}

sub prepared
{
	my ($g, $depth) = @_;
	$g->{prepared} = 1;
	my ($sql, $ordered) = $g->select_rows($depth);
	my @executes = map { "EXECUTE q (" . $g->number(12) . ', 0.' . $g->number(10) . ')' } 1 .. 1 + $g->number(3);

	return { statements => [ "PREPARE q (int, numeric) AS $sql", @executes, 'DEALLOCATE q' ],
		ordered => $ordered, once => 0 };
}

sub loop
{
	my ($g, $depth) = @_;
	my ($from, @relations) = $g->from([], $depth);
	my $sql = "SELECT $relations[0]{alias}.id AS id, " . $g->score(\@relations, $depth) . " AS s FROM $from"
	  . $g->where(\@relations, $depth) . ' ORDER BY ' . $g->total_order(@relations);
	my $body = $g->chance(50)
	  ? 'INSERT INTO noted VALUES (rec.id, rec.s)'
	  : 'INSERT INTO noted SELECT rec.id, ASK_risk(p.phone) + rec.s FROM person p WHERE p.id <= rec.id % 5';
	my $exit = $g->chance(40) ? ' EXIT WHEN rec.id > ' . $g->number(20) . ';' : '';

	return { statements => ["DO \$\$DECLARE rec record; BEGIN FOR rec IN $sql LOOP $body;$exit END LOOP; END\$\$"],
		after => ['SELECT * FROM noted ORDER BY id, s'], explained => $sql, once => 0 };
}

sub copied
{
	my ($g, $depth) = @_;
	my ($sql, $ordered) = $g->select_rows($depth);

	$sql =~ s/ FOR (?:UPDATE|SHARE)$//;
	return $g->simple($sql, statements => ["COPY ($sql) TO STDOUT"], ordered => $ordered) if $g->chance(50);
	my ($core) = $g->core([], $depth);
	return $g->simple($core, statements => [ "CREATE TABLE fresh AS $core" ], after => ['SELECT * FROM fresh ORDER BY 1, 2, 3, 4']);
}

1;
