
=pod

=head1 NAME

Plans::Expression - random expressions and FROM clauses that call

=head1 DESCRIPTION

A relation is a hash of C<alias>, C<key> (the columns that tell its rows apart),
and C<s> (true when it has a numeric column of that name); all relations have the
columns id, phone, region, amount.  A scope is a list of relations, the nearest
first.  What calls is written ASK_name, see Plans::Runner.

C<depth> bounds how deep sub-selects are nested.

=cut

package Plans::Expression;

use strict;
use warnings;

use parent -norequire, 'Plans::Draw';

use Plans::Draw;

# Tables: name, weight, key.
my @tables = (
	[ 'person', 22, [qw(id)] ],
	[ 'loan', 12, [qw(id)] ],
	[ 'visit', 12, [qw(id)] ],
	[ 'part', 12, [qw(id)] ],
	[ 'listed', 6, [qw(id)] ],
	[ 'kin', 7, [qw(id)] ],
	[ 'made', 6, [qw(id)] ],
	[ 'remote', 6, [qw(id)] ],
	[ 'spread', 6, [qw(id)] ],
	[ 'pair', 5, [qw(id)] ],
	[ 'ASK_secret', 4, [qw(id)] ],
	[ 'ASK_scored', 6, [qw(id)] ],
	[ 'ASK_careful', 4, [qw(id)] ]);

=pod

=head1 STATE

=over

=item Plans::Expression->new(..., off => { feature => why })

Features that are off: those of known faults.

=item $g->may($feature)

=item $g->alias

A new one.

=back

=cut

sub new
{
	my ($class, %options) = @_;
	my $self = Plans::Draw::new($class, %options);

	$self->{off} = $options{off} // {};
	$self->{aliases} = 0;
	$self->{ctes} = [];
	$self->{columns} = [qw(id phone region amount)];
	return $self;
}

sub may { return !$_[0]{off}{ $_[1] }; }

sub alias
{
	my ($self, $letter) = @_;
	return ($letter // 't') . ++$self->{aliases};
}

=pod

=head1 EXPRESSIONS

=over

=item $g->phone($scope, $depth), ->score, ->integer, ->text, ->condition

Text of an expression over a scope.  C<score> is numeric and calls.

=item $g->total_order(@relations)

A list that orders the rows of a join.

=back

=cut

sub nth_phone
{
	my ($self) = @_;
	return sprintf "'2547000010%02d'", 1 + $self->number(24);
}

sub nearest
{
	my ($self, $scope) = @_;
	return $self->one(@$scope);
}

# Of two errors either may come first, so a query has one of its own at most.
sub fails_by
{
	my ($self, $error) = @_;

	$self->{error} //= $error;
	return $self->{error} eq $error;
}

sub phone
{
	my ($self, $scope, $depth) = @_;
	my $t = $self->nearest($scope)->{alias};
	my $kind = $self->weighted(70 => 'column', 8 => 'other', 6 => 'case', 4 => 'select',
		3 => 'nested', 3 => 'constant', 4 => 'coalesce', 2 => 'error');

	return "overlay($t.phone placing '1' from 10 for 1)" if $kind eq 'other';
	return 'CASE WHEN ' . $self->free($scope) . " THEN $t.phone ELSE " . $self->nth_phone . ' END'
	  if $kind eq 'case';
	return $self->nth_phone if $kind eq 'constant';
	return "COALESCE($t.phone, " . $self->nth_phone . ')' if $kind eq 'coalesce';
	return "CASE WHEN $t.id = 7 THEN '254700000404' ELSE $t.phone END"
	  if $kind eq 'error' && $self->fails_by('unknown');
	return "$t.phone" if $kind eq 'column' || $kind eq 'error' || $depth <= 0;
	if ($kind eq 'nested')
	{
		my $inner = $self->phone($scope, $depth - 1);
		return "'2547000010' || lpad((1 + (ASK_risk($inner) * 20)::int)::text, 2, '0')";
	}
	my $x = $self->relation($scope, 0);
	return "(SELECT $x->{alias}.phone FROM $x->{sql} WHERE $x->{alias}.id = $t.id"
	  . ' ORDER BY ' . $self->total_order($x) . ' LIMIT 1)';
}

sub call
{
	my ($self, $scope, $depth) = @_;
	my $phone = $self->phone($scope, $depth);
	my $kind = $self->weighted(60 => 'risk', 18 => 'decision', 8 => 'ask', 8 => 'null', 8 => 'pl', 4 => 'query', 4 => 'safe');

	return "ASK_risk($phone)" if $kind eq 'risk';
	return "(ASK_decision($phone)->>'risk_score')::numeric" if $kind eq 'decision';
	return "((ASK_ask('decision', $phone)).answer->>'risk_score')::numeric" if $kind eq 'ask';
	return "(ASK_decision($phone, on_error => 'null')->>'risk_score')::numeric" if $kind eq 'null';

	# After an error in its expression PL/pgSQL runs that as a query of its own
	# for the rest of the transaction.
	$self->{runs_more} = 1 if $kind eq 'safe' && $phone =~ /254700000404/;
	return "ASK_$kind($phone)" if $kind eq 'pl' || $kind eq 'safe';
	$self->{runs_more} = 1;
	return "ASK_pl_query($phone)";
}

sub score
{
	my ($self, $scope, $depth) = @_;
	my ($kind) = $self->weighted(50 => 'call', 5 => 'case', 4 => 'coalesce', 4 => 'plus',
		3 => 'greatest', 3 => 'nullif', 6 => 'column', 8 => 'scalar', 6 => 'aggregate', 4 => 'first');
	my ($with_s) = grep { $_->{s} } @$scope;

	return "$with_s->{alias}.s" if $kind eq 'column' && $with_s;
	return 'CASE WHEN ' . $self->condition($scope, $depth - 1) . ' THEN '
	  . $self->call($scope, $depth) . ' ELSE ' . $self->integer($scope) . ' END'
	  if $kind eq 'case';
	return 'COALESCE(' . $self->call($scope, $depth) . ', ' . $self->integer($scope) . ')'
	  if $kind eq 'coalesce';
	return '(' . $self->call($scope, $depth) . ' + ' . $self->integer($scope) . ')' if $kind eq 'plus';
	return 'GREATEST(' . $self->call($scope, $depth) . ', ' . $self->call($scope, $depth) . ')'
	  if $kind eq 'greatest';
	return 'NULLIF(' . $self->call($scope, $depth) . ', 0.5)' if $kind eq 'nullif';
	return $self->call($scope, $depth) if $depth <= 0 || $kind eq 'call' || $kind eq 'column';
	return $self->scalar_select($scope, $depth - 1, $kind);
}

# One row at most: by a key, as an aggregate, or as the first.
sub scalar_select
{
	my ($self, $scope, $depth, $kind) = @_;
	my $x = $self->relation($scope, $depth);
	my $t = $self->nearest($scope)->{alias};
	my $inner = [ $x, @$scope ];
	my $where = $self->chance(75)
	  ? ' WHERE ' . $self->link($x, { alias => $t }) . $self->also($inner, $depth) : '';

	return '(SELECT ' . $self->one('max', 'sum', 'count') . '(' . $self->score($inner, $depth)
	  . ")::numeric FROM $x->{sql}$where)"
	  if $kind eq 'aggregate';
	return '(SELECT ' . $self->score($inner, $depth) . " FROM $x->{sql}$where ORDER BY "
	  . $self->total_order($x) . ($self->chance(50) ? ' DESC' : '') . ' LIMIT 1'
	  . ($self->chance(20) ? ' OFFSET 1' : '') . ')';
}

sub also
{
	my ($self, $scope, $depth) = @_;
	return $self->chance(50) ? ' AND ' . $self->condition($scope, $depth) : '';
}

sub integer
{
	my ($self, $scope) = @_;
	my $t = $self->nearest($scope)->{alias};
	my $kind = $self->weighted(40 => 'id', 30 => 'amount', 10 => 'modulo', 10 => 'constant', 5 => 'length',
		2 => 'divide');

	return "$t.id" if $kind eq 'id';
	return "$t.amount" if $kind eq 'amount';
	return "($t.amount % " . (2 + $self->number(4)) . ')' if $kind eq 'modulo';
	return "(100 / ($t.id - 5))" if $kind eq 'divide' && $self->fails_by('division');
	return $self->number(10) if $kind eq 'constant';
	return "length($t.phone)";
}

# A condition that makes no call.
sub free
{
	my ($self, $scope) = @_;
	my $relation = $self->nearest($scope);
	my $t = $relation->{alias};
	my $kind = $self->weighted(25 => 'id', 20 => 'region', 15 => 'amount', 10 => 'in', 10 => 'modulo',
		10 => 'null', 5 => 'or', 3 => 'not', 2 => 'false', 4 => 'parameter', 4 => 'ctid');

	return "$t.id <= " . (5 + $self->number(25)) if $kind eq 'id';
	return "$t.region = 'r" . $self->number(5) . q{'} if $kind eq 'region';
	return "$t.amount > " . $self->number(100) if $kind eq 'amount';
	return "$t.region IN ('r" . $self->number(5) . "', 'r" . $self->number(5) . q{')} if $kind eq 'in';
	return "$t.id % " . (2 + $self->number(3)) . ' = 1' if $kind eq 'modulo';
	return "$t.phone IS " . $self->one('NOT NULL', 'NULL') if $kind eq 'null';
	return '(' . $self->free($scope) . ' OR ' . $self->free($scope) . ')' if $kind eq 'or';
	return 'NOT (' . $self->free($scope) . ')' if $kind eq 'not';
	return "$t.id > " . $self->parameter if $kind eq 'parameter';
	return "$t.ctid " . $self->one('< \'(0,9)\'', '= ANY (ARRAY[\'(0,1)\', \'(0,3)\', \'(0,4)\']::tid[])')
	  if $kind eq 'ctid' && $relation->{table};
	return "$t.id < 0";
}

# $1 of a prepared statement, or a value that is known at run time only.
sub parameter
{
	my ($self) = @_;
	return $self->{prepared} ? '$1' : '(SELECT 4)';
}

sub compare
{
	my ($self, $scope, $depth) = @_;
	my $score = $self->score($scope, $depth);
	my $bound = '0.' . (1 + $self->number(9));
	my $kind = $self->weighted(50 => '>', 20 => '<', 8 => 'between', 6 => 'null', 6 => 'any', 3 => 'distinct',
		3 => 'param');

	return "$score $kind $bound" if $kind eq '>' || $kind eq '<';
	return "$score BETWEEN 0.2 AND $bound" if $kind eq 'between';
	return "$score IS " . $self->one('NOT NULL', 'NULL') if $kind eq 'null';
	return "$score IS DISTINCT FROM $bound" if $kind eq 'distinct';
	return "$score > " . ($self->{prepared} ? '$2' : '(SELECT 0.3)') if $kind eq 'param';
	return "$score > ANY (ARRAY[$bound, 0.7])";
}

sub condition
{
	my ($self, $scope, $depth) = @_;
	my $kind = $self->weighted(30 => 'free', 34 => 'compare', 6 => 'or', 5 => 'and', 3 => 'not',
		7 => 'exists', 3 => 'not exists', 6 => 'in', 3 => 'not in', 3 => 'array', 2 => 'all', 3 => 'constant',
		2 => 'equal');

	return $self->free($scope) if $kind eq 'free' || $depth < 0;
	return $self->compare($scope, $depth) if $kind eq 'compare';
	return '(' . $self->free($scope) . ' OR ' . $self->compare($scope, $depth) . ')' if $kind eq 'or';
	return '(' . $self->compare($scope, $depth) . ' AND ' . $self->free($scope) . ')' if $kind eq 'and';
	return 'NOT (' . $self->compare($scope, $depth) . ')' if $kind eq 'not';
	return 'ASK_risk(' . $self->nth_phone . ') > 0.' . $self->number(9) if $kind eq 'constant';
	return $self->nearest($scope)->{alias} . '.amount = ' . (1 + $self->number(25)) * 37 % 101
	  . ' + (ASK_risk(' . $self->nth_phone . ') * 0)::int'
	  if $kind eq 'equal' && $self->may('unique_inner');
	return $self->compare($scope, $depth) if $depth <= 0 || $kind eq 'equal';
	return $self->set_condition($scope, $depth - 1, $kind);
}

sub set_condition
{
	my ($self, $scope, $depth, $kind) = @_;
	my $t = $self->nearest($scope);
	my $x = $self->relation($scope, $depth);
	my $inner = [ $x, @$scope ];
	my $a = $x->{alias};
	my $link = $kind =~ /exists/ || $self->chance(40) ? $self->link($x, $t) : undef;
	my @where = ($link // (), $self->chance(70) ? $self->condition($inner, $depth) : ());
	my $from = "FROM $x->{sql}" . (@where ? ' WHERE ' . join(' AND ', @where) : '');

	return ($kind eq 'exists' ? '' : 'NOT ') . "EXISTS (SELECT 1 $from)" if $kind =~ /exists/;
	return "$t->{alias}.id " . ($kind eq 'in' ? 'IN' : 'NOT IN') . " (SELECT $a.id $from)"
	  if $kind =~ /in$/;
	return "$t->{alias}.id = ANY (ARRAY(SELECT $a.id $from))" if $kind eq 'array';
	return "$t->{alias}.amount >= ALL (SELECT $a.amount $from)";
}

sub text
{
	my ($self, $scope) = @_;
	my $t = $self->nearest($scope)->{alias};
	return $self->one("$t.region", "$t.phone", "$t.region || $t.id");
}

sub total_order
{
	my ($self, @relations) = @_;
	return join ', ', map {
		my $t = $_;
		map { "$t->{alias}.$_" } @{ $t->{key} }
	} @relations;
}

=pod

=head1 RELATIONS

=over

=item $g->relation($outer, $depth)

A table, a function, or a sub-select, with C<sql> as it stands in FROM.

=item $g->from($outer, $depth)

The text of a FROM clause, and its relations.

=item $g->core($outer, $depth, $s)

A SELECT of the four columns and perhaps s, and the relation it makes.

=back

=cut

sub all_columns
{
	my ($self, $s) = @_;
	return [ @{ $self->{columns} }, $s ? 's' : () ];
}

sub relation
{
	my ($self, $outer, $depth) = @_;
	my $kind = $self->weighted(70 => 'table', 12 => 'sub-select', 12 => 'cte', 6 => 'sample', 3 => 'values',
		4 => 'sql_set', 3 => 'pl_set', 2 => 'series', 5 => 'union');
	my $alias = $self->alias;

	if ($kind eq 'cte' && @{ $self->{ctes} })
	{
		my $cte = $self->one(@{ $self->{ctes} });
		return { %$cte, alias => $alias, sql => "$cte->{name} $alias" };
	}
	return $self->sub_select($outer, $depth - 1, $alias) if $kind eq 'sub-select' && $depth > 0;
	return $self->union($outer, $depth - 1, $alias) if $kind eq 'union' && $depth > 0;
	return $self->values_list($alias) if $kind eq 'values';
	return $self->set_of_function($kind, $alias) if $kind =~ /set$/;
	return {
		sql => "(SELECT g AS id, nth_phone(g) AS phone, 'r1' AS region, g + 1 AS amount"
		  . " FROM generate_series(3, 12) g) $alias",
		alias => $alias, key => [qw(id)] }
	  if $kind eq 'series';
	return $self->table($alias, $kind eq 'sample');
}

sub set_of_function
{
	my ($self, $kind, $alias) = @_;
	my $lowest = $self->number(25);

	$self->{runs_more} = 1 if $kind eq 'pl_set';
	return { sql => "ASK_$kind($lowest) $alias", alias => $alias, key => $self->all_columns };
}

sub table
{
	my ($self, $alias, $sample) = @_;
	my @usable = grep { !$self->{role} || $_->[0] !~ /^(?:remote|spread)$/ } @tables;
	my $table = $self->weighted(map { ($_->[1] => $_) } @usable);
	my ($name, undef, $key) = @$table;
	my $sql = "$name $alias";

	$self->{tables}{$name} = 1;
	$sql .= ' TABLESAMPLE ' . $self->one('BERNOULLI (60)', 'SYSTEM (100)', 'SYSTEM (50)')
	  . ' REPEATABLE (' . $self->number(9) . ')'
	  if $sample && $name =~ /^(?:person|loan|visit|part|listed|kin|made)$/;
	return { sql => $sql, alias => $alias, key => $key, s => $name eq 'ASK_scored',
		table => $name !~ /^ASK_(?:scored|careful)$/ };
}

sub values_list
{
	my ($self, $alias) = @_;
	my $s = $self->chance(50);
	my @rows = map {
		my $phone = $self->nth_phone;
		"($_, $phone, 'r" . $self->number(5) . "', " . $self->number(50) . ($s ? ", ASK_risk($phone)" : '') . ')'
	} 1 .. 2 + $self->number(4);

	return { sql => '(VALUES ' . join(', ', @rows) . ") $alias (" . join(', ', @{ $self->all_columns($s) }) . ')',
		alias => $alias, key => [qw(id)], s => $s };
}

sub union
{
	my ($self, $outer, $depth, $alias) = @_;
	my $s = $self->one(1, 0);
	my @branches = map { ($self->core($outer, $depth, $s))[0] } 1 .. 2 + $self->number(2);

	return { sql => '((' . join(') ' . $self->one('UNION ALL', 'UNION ALL', 'UNION') . ' (', @branches) . ")) $alias",
		alias => $alias, key => $self->all_columns($s), s => $s };
}

sub sub_select
{
	my ($self, $outer, $depth, $alias) = @_;
	my ($sql, $made) = $self->core($outer, $depth);
	return { %$made, sql => "($sql) $alias", alias => $alias };
}

sub core
{
	my ($self, $outer, $depth, $s) = @_;
	my ($from, @relations) = $self->from([], $depth);
	my @scope = (@relations, @$outer);
	my $distinct = $self->chance(8);
	my @columns = map { $self->nearest(\@relations)->{alias} . ".$_ AS $_" } @{ $self->{columns} };

	$s //= $self->chance(60);
	push @columns, $self->score(\@scope, $depth) . ' AS s' if $s;
	my $sql = 'SELECT ' . ($distinct ? 'DISTINCT ' : '') . join(', ', @columns) . " FROM $from";
	$sql .= ' WHERE ' . $self->conditions(\@scope, $depth) if $self->chance(50);
	$sql .= ' ORDER BY ' . ($distinct ? join(', ', 1 .. @columns) : $self->total_order(@relations))
	  . $self->limit
	  if $self->chance(25);
	$sql .= ' OFFSET 0' if $sql !~ / LIMIT .*\z/ && $self->chance(10);
	return ($sql, { key => $self->all_columns($s), s => $s });
}

sub conditions
{
	my ($self, $scope, $depth) = @_;
	return join ' AND ', map { $self->condition($scope, $depth) } 1 .. 1 + $self->number(3);
}

sub limit
{
	my ($self) = @_;
	my $kind = $self->weighted(50 => 'limit', 20 => 'offset', 10 => 'select', 5 => 'null', 5 => 'parameter', 2 => 'none');

	return ' LIMIT 0' if $kind eq 'none';
	return ' LIMIT ' . (1 + $self->number(15)) if $kind eq 'limit';
	return ' LIMIT ' . (1 + $self->number(10)) . ' OFFSET ' . $self->number(6) if $kind eq 'offset';
	return ' LIMIT NULL' if $kind eq 'null';
	return ' LIMIT ' . $self->parameter if $kind eq 'parameter';
	return ' LIMIT (SELECT ' . (1 + $self->number(10)) . ')';
}

# What ties two relations; `plain` as a FULL JOIN needs it.
sub link
{
	my ($self, $x, $y, $plain) = @_;
	my ($a, $b) = ($x->{alias}, $y->{alias});
	my $kind = $self->weighted(45 => 'id', 20 => 'phone', 15 => 'region', 10 => 'near', 8 => 'range',
		4 => 'both', 3 => 'score');
	$kind = 'id' if $plain && $kind !~ /^(?:id|phone|region)$/;
	if ($kind =~ /^(?:region|range)$/ && $self->{wide}++) { $kind = 'id'; }

	return "$a.id = $b.id" if $kind eq 'id';
	return "$a.phone = $b.phone" if $kind eq 'phone';
	return "$a.region = $b.region" if $kind eq 'region';
	return "$a.id = $b.id + " . (1 + $self->number(4)) if $kind eq 'near';
	return "$a.region = $b.region AND $a.id <= $b.id" if $kind eq 'range';
	return "$a.id = $b.id AND ASK_risk($a.phone) > 0.2" if $kind eq 'score';
	return "($a.region, $a.id) = ($b.region, $b.id)";
}

sub from
{
	my ($self, $outer, $depth) = @_;
	my @relations = ($self->relation($outer, $depth));
	my $sql = $relations[0]{sql};
	my $joins = $self->weighted(50 => 0, 30 => 1, 12 => 2, 4 => 3);

	for (1 .. $joins)
	{
		my $kind = $self->weighted(30 => 'JOIN', 20 => 'LEFT JOIN', 6 => 'RIGHT JOIN', 6 => 'FULL JOIN',
			10 => 'JOIN LATERAL', 6 => 'LEFT JOIN LATERAL');
		my $new = $kind =~ /LATERAL/
		  ? $self->lateral([ @relations, @$outer ], $depth)
		  : $self->relation($outer, $depth);
		my $old = $self->nearest(\@relations);
		my $on = $kind =~ /LATERAL/ && $self->chance(60) ? 'true'
		  : $self->link($new, $old, $kind eq 'FULL JOIN');

		unshift @relations, $new;
		$on .= ' AND ' . $self->condition([@relations], $depth) if $self->chance(25) && $kind ne 'FULL JOIN';
		$sql .= " $kind $new->{sql} ON $on";
	}
	return ($sql, @relations);
}

# A function that calls and gives a row, or one whose argument calls.
sub lateral_function
{
	my ($self, $before, $alias) = @_;
	my $t = $self->nearest($before)->{alias};

	return { sql => "(SELECT $t.id, $t.phone, $t.region, $t.amount, (q.answer->>'risk_score')::numeric AS s FROM ASK_ask('decision', "
		  . $self->phone($before, 0) . ') q' . ($self->chance(30) ? " WHERE q.answer->>'risk_score' > '0.4'" : '') . ") $alias",
		alias => $alias, key => $self->all_columns(1), s => 1 } if $self->chance(50);
	return { sql => "(SELECT k.n AS id, $t.phone, $t.region, $t.amount FROM generate_series(1, (ASK_risk("
		  . $self->phone($before, 0) . ") * 4)::int) k (n)) $alias",
		alias => $alias, key => $self->all_columns };
}

# A sub-select that knows what stands before it.
sub lateral
{
	my ($self, $before, $depth) = @_;
	my $alias = $self->alias('l');
	return $self->lateral_function($before, $alias) if $self->chance(30);
	my $x = $self->relation([], $depth > 0 ? $depth - 1 : 0);
	my $t = $self->nearest($before);
	my $scope = [ $x, @$before ];
	my $s = $self->chance(70);
	my $a = $x->{alias};
	my $sql = "SELECT $a.id, $a.phone, $a.region, $a.amount"
	  . ($s ? ', ' . $self->score($scope, $depth - 1) . ' AS s' : '')
	  . " FROM $x->{sql} WHERE " . $self->link($x, $t) . $self->also($scope, $depth - 1);

	if ($self->chance(40))
	{
		$sql .= ' ORDER BY ' . $self->total_order($x);
		$sql .= $self->may('null_limit') && $self->chance(40)
		  ? " LIMIT CASE WHEN $t->{alias}.id % 2 = 1 THEN 2 END" : $self->limit;
	}
	return { sql => "($sql) $alias", alias => $alias, key => $self->all_columns($s), s => $s };
}

1;
